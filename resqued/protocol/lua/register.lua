-- with: server_date.lua
--
-- Enter a worker in the register, heartbeat first: a Ruby worker that can see the id must find it fresh.
--
-- KEYS     1 workers, 2 worker:<id>:started, 3 workers:heartbeat, 4 resqued:<namespace>:workers
-- ARGV     1 id, 2 started, 3 registration
-- Returns  nil; or the registration of another worker of ours that has this id, and nothing was done: its slate is not
--          ours
-- Repeated: the same again.

local namesake = redis.call('HGET', KEYS[4], ARGV[1])
if namesake and namesake ~= ARGV[3] then return namesake end
redis.call('HSET', KEYS[3], ARGV[1], server_date())
redis.call('SET', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[3])
redis.call('SADD', KEYS[1], ARGV[1])
