-- with: sight.lua
--
-- A heartbeat, which also enters the worker again where a peer has struck it off, and looks for the dead.
--
-- KEYS     1 workers, 2 worker:<id>:started, 3 workers:heartbeat, 4 resqued:<namespace>:workers,
--          5 pruning_dead_workers_in_progress, 6 resqued:<namespace>:sightings, 7 resqued:<namespace>:look,
--          8 resqued:<namespace>:awaited
-- ARGV     1 id, 2 started, 3 registration; in s: 4 age at which a heartbeat is old, 5 for how long it must have been
--          seen unchanged, 6 between looks that follow closely, 7 between looks
-- Returns  {1 if the worker had been struck off else 0, then of each dead worker: id, registration, heartbeat}
-- Repeated: the same again; a repetition answers 0, and leaves the looking to others.

redis.call('HSET', KEYS[3], ARGV[1], server_date())
redis.call('HSETNX', KEYS[4], ARGV[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'NX')  -- whatever SADD says: a peer's prune has several steps, we may come between
local struck = redis.call('SADD', KEYS[1], ARGV[1])
local keys = {
  prune_lock = KEYS[5], sightings = KEYS[6], look = KEYS[7], registrations = KEYS[4], heartbeats = KEYS[3],
  awaited = KEYS[8],
}
local limits = {
  old = tonumber(ARGV[4]), unchanged = tonumber(ARGV[5]), closely = tonumber(ARGV[6]), look_every = tonumber(ARGV[7]),
}
local ok, dead = pcall(sight, ARGV[1], keys, limits)  -- a key of the wrong type must not keep anybody from beating
return {struck, unpack(ok and dead or {})}
