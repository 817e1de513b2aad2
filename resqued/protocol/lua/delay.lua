-- with: delaying.lua, holding.lua
--
-- Put a job aside until a time comes; what is due already goes to the end of its queue at once, as with Ruby's client.
-- One of which there may be one only gets its lock, or stays away because somebody has it.
--
-- KEYS     1 queues, 2 queue:<queue>, 3 resqued:<namespace>:earlier; then, with a lock, 4 that, 5
--          resqued:<namespace>:workers
-- ARGV     1 what comes before the names of resque-scheduler's keys, 2 `at`, or `in` so many seconds by the clock of the
--          server, 3 a number (s), 4 the item for then, 5 the name of the queue, 6 the payload for now; then, with a
--          lock, 7 for how long there may be no second one (queued, unfinished, period), 8 s that the lock lives, 9 what
--          it is about, 10 what comes before a worker's id in the key of its slate
-- Returns  nil; with a lock that is held, {since when, where its job is}; or a key that has another type than it should,
--          and nothing was done
-- Repeated: another job; with a lock it is held, by the first call's.

local function due()
  local clock = redis.call('TIME')
  local now, asked = tonumber(clock[1]) + tonumber(clock[2]) / 1000000, tonumber(ARGV[3])
  return ARGV[2] == 'in' and now + asked or asked, now
end

local at, now = due()

local function held()
  if not is(KEYS[4], 'hash') then redis.call('DEL', KEYS[4]) end
  local k = {
    registrations = KEYS[5], slates = ARGV[10], prefix = ARGV[1] .. 'queue:', timestamps = ARGV[1] .. 'timestamps:',
  }
  local since, where = holder(k, KEYS[4])
  if since and ARGV[7] ~= 'period' then renew(KEYS[4], ARGV[8]) end
  return since and {since, where}
end

local function put()
  if at > now then return delay(ARGV[1], KEYS[3], string.format('%.0f', math.ceil(at)), ARGV[4]) end
  if not is(KEYS[1], 'set') then return KEYS[1] end
  if not is(KEYS[2], 'list') then return KEYS[2] end
  redis.call('SADD', KEYS[1], ARGV[5])
  redis.call('RPUSH', KEYS[2], ARGV[6])
end

local function lock()
  local k = {lock = KEYS[4], shown = ARGV[9], scope = ARGV[7]}
  local ahead = ARGV[7] == 'period' and 0 or math.max(0, math.ceil(at - now))
  lock_for_queue(k, ARGV[5], ARGV[6], at > now and ARGV[4] or '', ARGV[8] + ahead)
end

local by = KEYS[4] and held()
if by then return by end
local wrong = put()
if KEYS[4] and not wrong then lock() end
return wrong
