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
if what == 'struck' or (what == 'settled' and outcome ~= 'requeued') then
  ended(ARGV[9], outcome == 'done' and 'done' or 'failed')
end
local answer = on_slate() or take(ARGV[1], ARGV[6], ARGV[7], ARGV[8], 10, KEYS[14])
table.insert(answer, 1, what)
return answer
