-- with: kinds.lua
--
-- Put many jobs at the ends of queues, in this order: all of them, or, if a key is not what it should be, none.
--
-- KEYS     1 queues, 2 resqued:<namespace>:receipt:<name>, 3… queue:<queue>, each once
-- ARGV     1 what the receipt shall say, 2 how long it lives (s), 3… the name of each queue, in the order of KEYS; then
--          for each job the number of its queue among them (from 1), and its text
-- Returns  nil; or a key that has another type than it should, and nothing was done
-- Repeated: the receipt says so already, nothing.

if redis.call('GET', KEYS[2]) == ARGV[1] then return end

local queues = #KEYS - 2
if not is(KEYS[1], 'set') then return KEYS[1] end
for number = 1, queues do
  if not is(KEYS[2 + number], 'list') then return KEYS[2 + number] end
end

redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
for number = 1, queues do redis.call('SADD', KEYS[1], ARGV[2 + number]) end
for at = 3 + queues, #ARGV, 2 do redis.call('RPUSH', KEYS[2 + tonumber(ARGV[at])], ARGV[at + 1]) end
