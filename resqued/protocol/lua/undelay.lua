-- with: kinds.lua
--
-- Take delayed jobs away, wherever these very texts lie; or put them onto their queues, as if their time had come.
--
-- KEYS     1 queues
-- ARGV     1 what comes before the names of keys, 2 the queue that they go to ('': they are thrown away), 3 what goes
--          there for each, 4… the texts
-- Returns  how many there were; or, if there is no list where the queue should be, its key, and nothing was done
-- Repeated: there are none any more, 0.
--
-- An epoch at which nothing is left is forgotten by whoever brings jobs to their queues: Ruby's client leaves it, too.

local prefix, queue, payload = ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'queue:' .. queue
if queue ~= '' and not is(key, 'list') then return key end
local count = 0
for i = 4, #ARGV do
  local index = prefix .. 'timestamps:' .. ARGV[i]
  for _, place in ipairs(redis.call('SMEMBERS', index)) do
    local removed = redis.pcall('LREM', prefix .. place, 0, ARGV[i])
    if type(removed) == 'number' then count = count + removed end
  end
  redis.call('DEL', index)
end
if queue ~= '' and count > 0 then
  redis.call('SADD', KEYS[1], queue)
  for _ = 1, count do redis.call('RPUSH', key, payload) end
end
return count
