-- with: settling.lua, dues.lua
--
-- Settle the run of a job that has failed and is tried again, then reserve the next, in one round trip. The failure is
-- counted and remembered, but does not come into the failed list.
--
-- KEYS     as settle.lua
-- ARGV     1 id, 2 run, 3 s until the next try (0: at once), 4 entry for the failed list, 5 the job's queue, 6 run_at,
--          7 what comes before a queue's name in its key, 8 rates (taking.lua), 9 who asks to know (ending.lua), 10 the
--          job as an item of the delayed ones, 11 the failure in short, 12… without a list: the queues' names in order of
--          priority (none: reserve nothing)
-- Returns  as settle.lua
-- Repeated: as settle.lua
--
-- If the job cannot be put where it belongs (a key is not what it should be), it has failed for good.

local run, seconds, entry, queue, item, failure = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[10], ARGV[11]
local payload = redis.call('HGET', KEYS[1], 'payload')
local is_tried_again = false

local function recorded(dues)
  is_tried_again = dues and try_again(dues, queue, payload, item, seconds)
  local goes_nowhere = is_tried_again or (dues and dues.discards)
  record('failed', not goes_nowhere and with_tries(dues, entry), queue, goes_nowhere)
end

local function discharge(dues)
  if not is_tried_again then return let_go(dues, KEYS[1], run) end
  put_off(dues, KEYS[1], run, queue, payload, item, seconds, entry, failure)
end

local what = settle(run, 'again', recorded, discharge)
if what == 'settled' and is_tried_again then ends_later(ARGV[9], seconds) end
return answer(what, is_tried_again, 'failed', 12)
