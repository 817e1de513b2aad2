-- with: chosen.lua, kinds.lua
--
-- Put the jobs of failed entries back, at the end of their queues; the entries leave the failed list, or are marked.
--
-- KEYS     1 a failed list, 2 queues, 3… queue:<name>
-- ARGV     1 index where the caller had begun to read, 2 how many entries it read there, 3 a text that is nowhere in
--          the list, 4… of each entry, in the order of the list: its text, which of KEYS its queue is, the queue's name,
--          the payload, the text that takes the entry's place ('': it leaves the list)
-- Returns  for each of them 1; 0 if it is not there any more; -1 if there is something on the queue's key that is no
--          list, and nothing was done
-- Repeated: they are not there any more, 0.
--
-- A script that errs half-way keeps what it did, and a job would be in two places: so all that could be refused is
-- looked at first. (What Redis refuses as a whole, for want of memory or of a master, it refuses at the first write.)

if not is(KEYS[2], 'set') then return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' is no set of names of queues') end
local good = {}
for i = 3, #KEYS do good[i] = is(KEYS[i], 'list') end

local texts = {}
for i = 4, #ARGV, 5 do texts[#texts + 1] = ARGV[i] end
local answer, taken = {}, {}
for i, place in ipairs(places(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), texts)) do
  local _, key, queue, payload, mark = unpack(ARGV, 5 * i - 1, 5 * i + 3)
  key = tonumber(key)
  if not place then
    answer[i] = 0
  elseif not good[key] then
    answer[i] = -1
  else
    redis.call('SADD', KEYS[2], queue)
    redis.call('RPUSH', KEYS[key], payload)
    if mark == '' then taken[#taken + 1] = place else redis.call('LSET', KEYS[1], place, mark) end
    answer[i] = 1
  end
end
take_out(KEYS[1], taken, ARGV[3])
return answer
