-- Before a job begins: open the locks that a worker of Ruby's would open now, and note those that it would at the end.
--
-- KEYS     1 slate, 2… the locks to open now
-- ARGV     1 run, 2 the locks to open when the run has ended (settle.lua, prune.lua), as a JSON array of keys; '': none
-- Returns  nothing
-- Repeated: nothing, for meanwhile somebody may have taken such a lock anew.

local run, opened, payload = unpack(redis.call('HMGET', KEYS[1], 'run', 'opened', 'payload'))
if run ~= ARGV[1] or opened == run or not payload then return end
for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('HSET', KEYS[1], 'opened', run)
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'locks', ARGV[2]) end
