-- with: turns.lua
--
-- Put the jobs that wait under a limit at the ends of their queues, in their order, where they will ask again.
--
-- KEYS     1 resqued:<namespace>:limits, 2 resqued:<namespace>:aside, 3 queues
-- ARGV     1 the limit's name, 2 what comes before a queue's name in its key
-- Returns  how many they were; those of a queue whose key is no list stay
-- Repeated: nobody waits any more, 0.

local turns = turns_of({limits = KEYS[1], asides = KEYS[2], queues = KEYS[3], prefix = ARGV[2]})
local _, aside = turns.keys_of(ARGV[1])
local moved = 0
for _ = 1, redis.call('LLEN', aside) do
  local entry = redis.call('LPOP', aside)
  local queue, payload = turns.parts_of(entry)
  if is(ARGV[2] .. queue, 'list') then
    redis.pcall('SADD', KEYS[3], queue)
    redis.call('RPUSH', ARGV[2] .. queue, payload)
    turns.one_less(queue)
    moved = moved + 1
  else
    redis.call('RPUSH', aside, entry)
  end
end
turns.forget_if_unused(ARGV[1])
return moved
