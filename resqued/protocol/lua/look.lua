-- with: sight.lua
--
-- Look at workers whose heartbeats are old, whoever looked last: for a person who wants to know now.
--
-- KEYS     1 resqued:<namespace>:sightings, 2 workers:heartbeat
-- ARGV     1 seconds between looks that follow closely, 2… ids
-- Returns  of each worker: its heartbeat ('': none), and for how many seconds that has been seen unchanged
-- Repeated: the same again, and the seconds go on.

local now, seen = tonumber(redis.call('TIME')[1]), {}
for i = 2, #ARGV do
  local beat = redis.call('HGET', KEYS[2], ARGV[i])
  seen[#seen + 1] = beat or ''
  seen[#seen + 1] = beat and unchanged(KEYS[1], ARGV[i], beat, now, tonumber(ARGV[1])) or 0
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return seen
