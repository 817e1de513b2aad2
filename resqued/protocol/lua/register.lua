-- with: server_date.lua
--
-- Enter a worker in the register, with its first heartbeat.
--
-- KEYS     1 workers, 2 worker:<id>:started, 3 workers:heartbeat, 4 resqued:<namespace>:workers
-- ARGV     1 id, 2 started, 3 registration
-- Repeated: the same again.

redis.call('HSET', KEYS[3], ARGV[1], server_date())
redis.call('SET', KEYS[2], ARGV[2])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[3])
redis.call('SADD', KEYS[1], ARGV[1])
return 1
