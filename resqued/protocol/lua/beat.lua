-- with: server_date.lua
--
-- A heartbeat, which also enters the worker again where a peer has struck it off.
--
-- KEYS     1 workers, 2 worker:<id>:started, 3 workers:heartbeat, 4 resqued:<namespace>:workers
-- ARGV     1 id, 2 started, 3 registration
-- Returns  1 if the worker had been struck off, else 0
-- Repeated: the same again; a repetition answers 0.

redis.call('HSET', KEYS[3], ARGV[1], server_date())
redis.call('HSETNX', KEYS[4], ARGV[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'NX')  -- whatever SADD says: a peer's prune has several steps, we may come between
return redis.call('SADD', KEYS[1], ARGV[1])
