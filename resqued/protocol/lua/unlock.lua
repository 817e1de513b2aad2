-- with: locks.lua
--
-- Let go of a lock, whoever has it; one of the jobs that wait for it comes back to its queue.
--
-- KEYS     1 the lock, 2 resqued:<namespace>:awaited
-- ARGV     1 1 if it may go even while a worker performs its job
-- Returns  1; 0 if there is no such lock; -1 if a worker performs its job, and nothing was done
-- Repeated: 0.

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[1] ~= '1' and is_performed(KEYS[1]) then return -1 end
redis.call('DEL', KEYS[1])
local names = redis.call('HGET', KEYS[2], KEYS[1])
if names then rouse(cjson.decode(names)) end
return 1
