-- with: taking.lua
--
-- Reserve a job: from the first non-empty queue to the worker's slate, counted as processed, in one move.
--
-- KEYS     1 slate, 2 worker:<id>, 3 stat:processed, 4 stat:processed:<id>, 5 pause-all-workers,
--          6 resqued:<namespace>:workers, 7 resqued:<namespace>:paused, 8… queue:<name> in order of priority
-- ARGV     1 id, 2 run_at, 3… the queues' names
-- Returns  {run, queue, payload}, {'paused'}, {'unregistered'}, or {'empty', paused queues that have jobs…}
-- Repeated: returns the same job again, because the slate holds it.

local names = {}
for i = 3, #ARGV do names[#names + 1] = ARGV[i] end
return on_slate() or take(ARGV[1], 8, names, ARGV[2])
