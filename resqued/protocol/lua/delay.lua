-- with: delaying.lua
--
-- Put a job aside until a time comes; what is due already goes to the end of its queue at once, as with Ruby's client.
--
-- KEYS     1 queues, 2 queue:<queue>, 3 resqued:<namespace>:earlier
-- ARGV     1 what comes before the names of resque-scheduler's keys, 2 `at`, or `in` so many seconds by the clock of the
--          server, 3 a number (s), 4 the item for then, 5 the name of the queue, 6 the payload for now
-- Returns  nil; or a key that has another type than it should, and nothing was done
-- Repeated: another job.

local function due()
  local clock = redis.call('TIME')
  local now, asked = tonumber(clock[1]) + tonumber(clock[2]) / 1000000, tonumber(ARGV[3])
  return ARGV[2] == 'in' and now + asked or asked, now
end

local at, now = due()
if at > now then return delay(ARGV[1], KEYS[3], string.format('%.0f', math.ceil(at)), ARGV[4]) end
if not is(KEYS[1], 'set') then return KEYS[1] end
if not is(KEYS[2], 'list') then return KEYS[2] end
redis.call('SADD', KEYS[1], ARGV[5])
redis.call('RPUSH', KEYS[2], ARGV[6])
