-- Strike a worker from the register: nothing of it is left, unless its slate still holds a job, which then keeps all.
--
-- KEYS     1 workers, 2 worker:<id>, 3 worker:<id>:started, 4 stat:processed:<id>, 5 stat:failed:<id>,
--          6 workers:heartbeat, 7 resqued:<namespace>:workers, 8 slate
-- ARGV     1 id, 2 its registration: a namesake's is left alone
-- Returns  1, or 0 if the slate still holds a job
-- Repeated: nothing is there any more, 1.

local registered = redis.call('HGET', KEYS[7], ARGV[1])
if registered and registered ~= ARGV[2] then return 1 end
if redis.call('HEXISTS', KEYS[8], 'payload') == 1 then return 0 end
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[6], ARGV[1])
redis.call('HDEL', KEYS[7], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[8])
return 1
