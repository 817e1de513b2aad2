-- Give Resque's lock back, after pruning.
--
-- KEYS     1 pruning_dead_workers_in_progress
-- ARGV     1 id of the worker that took it
-- Repeated: it is not ours any more, nothing.

if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
