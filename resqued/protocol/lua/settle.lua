-- with: settling.lua
--
-- Settle the run of a job that owes nothing, then reserve the next, in one round trip.
--
-- KEYS     1 slate, 2 worker:<id>, 3 stat:processed, 4 stat:processed:<id>, 5 pause-all-workers,
--          6 resqued:<namespace>:workers, 7 resqued:<namespace>:paused, 8 resqued:<namespace>:room, 9 failed,
--          10 stat:failed, 11 stat:failed:<id>, 12 queues, 13 queue:<the job's>, 14 a list of queues' names, or no such key
-- ARGV     1 id, 2 run, 3 outcome (done, failed, requeued), 4 entry for the failed list, 5 the job's queue, 6 run_at,
--          7 what comes before a queue's name in its key, 8 rates (taking.lua), 9 who asks to know (ending.lua), 10…
--          without a list: the queues' names in order of priority (none: reserve nothing)
-- Returns  {what, as settling.lua; then as reserve.lua}; or {'owing'}: it owes something, and nothing was done
-- Repeated: changes nothing, because the slate remembers the settled run, and holds the next.

local outcome = ARGV[3]
local what = settle(ARGV[2], outcome, function() record(outcome, ARGV[4], ARGV[5]) end)
if what == 'owing' then return {what} end
return answer(what, outcome == 'requeued', outcome == 'done' and 'done' or 'failed', 10)
