-- Lead no longer, and wake one of those who would like to.
--
-- KEYS     1 resque-scheduler's lock, 2 node-resque's, 3 resqued:<namespace>:vacant
-- ARGV     1 who we are, 2 for how long the word waits for somebody (s)
-- Returns  how many of the locks we held
-- Repeated: none, 0.

local held = 0
for i = 1, 2 do
  if redis.pcall('GET', KEYS[i]) == ARGV[1] then held = held + redis.call('DEL', KEYS[i]) end
end
if held > 0 and redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('RPUSH', KEYS[3], 'vacant')
  redis.call('EXPIRE', KEYS[3], ARGV[2])
end
return held
