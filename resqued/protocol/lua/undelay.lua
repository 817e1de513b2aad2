-- with: kinds.lua
--
-- Take delayed jobs away, or put them onto their queue, as if their time had come.
--
-- KEYS     1 queues
-- ARGV     1 what comes before the names of keys, 2 the queue that they go to ('': they are thrown away), 3 what goes
--          there for each, 4… pairs: an item, and the delayed:<epoch> where it lies; or '', wherever it lies
-- Returns  how many there were; or, if there is no list where the queue should be, its key, and nothing was done
-- Repeated: there are none any more, 0.
--
-- A time at which nothing is left is forgotten by whoever brings jobs to their queues: Ruby's client leaves it, too.

local prefix, queue, payload = ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'queue:' .. queue
if queue ~= '' and not is(key, 'list') then return key end

local function take(item, place)
  local removed = redis.pcall('LREM', prefix .. place, 0, item)
  redis.pcall('SREM', prefix .. 'timestamps:' .. item, place)
  return type(removed) == 'number' and removed or 0
end

local count = 0
for i = 4, #ARGV, 2 do
  local item, place = ARGV[i], ARGV[i + 1]
  local places = place ~= '' and {place} or redis.call('SMEMBERS', prefix .. 'timestamps:' .. item)
  for _, each in ipairs(places) do count = count + take(item, each) end
end
if queue ~= '' and count > 0 then
  redis.pcall('SADD', KEYS[1], queue)
  for _ = 1, count do redis.call('RPUSH', key, payload) end
end
return count
