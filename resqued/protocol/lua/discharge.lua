-- with: settling.lua, dues.lua
--
-- Settle the run of a job that may owe something, then reserve the next, in one round trip.
--
-- KEYS, ARGV  as settle.lua
-- Returns  as settle.lua
-- Repeated: as settle.lua

local run, outcome, queue = ARGV[2], ARGV[3], ARGV[5]

local function recorded(dues)
  local entry = outcome == 'failed' and with_tries(dues, ARGV[4])
  record(outcome, entry, queue, dues and dues.discards)
end

local function discharge(dues, struck)
  if outcome == 'requeued' and not struck then
    give_back(dues, KEYS[1], run, queue, redis.call('HGET', KEYS[1], 'payload'))
  else
    let_go(dues, KEYS[1], run)
  end
end

local what = settle(run, outcome, recorded, discharge)
return answer(what, outcome == 'requeued', outcome == 'done' and 'done' or 'failed', 10)
