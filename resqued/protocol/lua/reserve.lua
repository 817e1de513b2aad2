-- with: taking.lua
--
-- Reserve a job: from the first non-empty queue to the worker's slate, counted as processed, in one move.
--
-- KEYS     1 slate, 2 worker:<id>, 3 stat:processed, 4 stat:processed:<id>, 5 pause-all-workers,
--          6 resqued:<namespace>:workers, 7 resqued:<namespace>:paused, 8 resqued:<namespace>:room,
--          9 a list of queues' names, or no such key
-- ARGV     1 id, 2 run_at, 3 what comes before a queue's name in its key, 4 rates (taking.lua), 5 the last run that this
--          worker has settled (0: none), 6… without a list: the queues' names in order of priority
-- Returns  {run, queue, payload}, {'paused'}, {'unregistered'}, {'unlisted'}, or {'empty', …} (taking.lua)
-- Repeated: returns the same job again, because the slate holds it.

return on_slate() or take(ARGV[1], ARGV[2], ARGV[3], ARGV[4], 6, KEYS[9], ARGV[5])
