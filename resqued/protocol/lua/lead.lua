-- with: leading.lua
--
-- Lead all schedulers, if nobody does, or go on leading; and see what there is to know.
--
-- KEYS     1 resque-scheduler's lock, 2 node-resque's, 3 delayed_queue_schedule, 4 schedules_changed
-- ARGV     1 who we are, 2 for how long the locks last (ms)
-- Returns  {seconds, microseconds of the server's clock, 1, the earliest epoch at which something is due or '', how many
--          schedules have changed}; or, if somebody else leads, {seconds, microseconds, 0, who, for how many ms}
-- Repeated: goes on leading.
--
-- Nobody holds one of the locks and waits for the other: two kinds of scheduler would wait for each other.

local function holder(lock)
  local value = redis.pcall('GET', lock)
  return type(value) == 'string' and value or (value and 'something that is no lock')
end

local clock = redis.call('TIME')
for i = 1, 2 do
  local other = holder(KEYS[i])
  if other and other ~= ARGV[1] then
    local mine = KEYS[3 - i]
    if holder(mine) == ARGV[1] then redis.call('DEL', mine) end
    return {clock[1], clock[2], 0, other, redis.call('PTTL', KEYS[i])}
  end
end
for i = 1, 2 do redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2]) end
local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2]
local changed = redis.pcall('SCARD', KEYS[4])
return {clock[1], clock[2], 1, first or '', type(changed) == 'number' and changed or 0}
