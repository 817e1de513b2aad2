-- with: kinds.lua, leading.lua
--
-- Bring delayed jobs to their queues, and those that can go nowhere to the failed list; and fetch what is due next.
--
-- KEYS     1 resque-scheduler's lock, 2 node-resque's, 3 delayed_queue_schedule, 4 queues, 5 failed, 6 stat:failed
-- ARGV     1 who we are, 2 for how long the locks last from now (ms), 3 what comes before the names of keys, 4 how many
--          items to fetch, 5 how many bytes of them, about, 6 the time, 7… for each epoch: itself, how many items, and
--          for each of them its text, the queue that it goes to, its payload; or '' and an entry of the failed list
-- Returns  {'deposed'} if we do not lead, and nothing was done; or {what became of them, what is due}:
--            for each item 1; 0 if it is not the next one any more; or the key that should be a list (its queue's, or
--            that of failures) and is none: then it and all later items of its epoch are where they were
--            for each epoch {itself, the type of its key, items…}; an epoch without items is gone
-- Repeated: they are not there any more, 0.
--
-- An item leaves its list in the script that puts it onto its queue: at no instant is it in neither or in both, and
-- whoever else takes items meanwhile takes others. What could be refused half-way is looked at first; the set of
-- queues, the index and the counter may be of a wrong type, for they hold no job.

local EPOCHS = 100
local CHUNK = 16  -- items: their sizes are not known before

local prefix = ARGV[3]

local function place_of(epoch)
  return prefix .. 'delayed:' .. epoch
end

local function bring(queue, text)
  local key = queue == '' and KEYS[5] or prefix .. 'queue:' .. queue
  if not is(key, 'list') then return key end
  redis.call('RPUSH', key, text)
  if queue == '' then redis.pcall('INCR', KEYS[6]) else redis.pcall('SADD', KEYS[4], queue) end
  return 1
end

-- The items of one epoch, whose arguments begin at `at`. The head of its list is compared with each: it may have gone.
local function bring_all(epoch, count, at, answer)
  local place, taken, stuck = place_of(epoch), 0, false
  local there = redis.call('LRANGE', place, 0, count - 1)
  for i = 1, count do
    local text, queue, payload = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    at = at + 3
    local became = 0
    if not stuck and there[i] == text then became = bring(queue, payload) end
    stuck = became ~= 1
    if became == 1 then
      taken = i
      redis.pcall('SREM', prefix .. 'timestamps:' .. text, 'delayed:' .. epoch)
    end
    answer[#answer + 1] = became
  end
  if taken > 0 then redis.call('LTRIM', place, taken, -1) end
end

-- Something stands where a list should: it stays there, and is forgotten as something to come.
local function set_aside(epoch, entry, answer)
  local became = bring('', entry)
  if became == 1 then redis.call('ZREM', KEYS[3], epoch) end
  answer[#answer + 1] = became
end

local function items(place, most, bytes)
  local found, size = {}, 0
  while #found < most and size < bytes do
    local chunk = redis.call('LRANGE', place, #found, math.min(#found + CHUNK, most) - 1)
    if #chunk == 0 then break end
    for _, item in ipairs(chunk) do
      found[#found + 1] = item
      size = size + #item
    end
  end
  return found, size
end

local function due(most, bytes, now)
  local answer = {}
  for _, epoch in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, EPOCHS)) do
    if most <= 0 or bytes <= 0 then break end
    local place = place_of(epoch)
    local kind = redis.call('TYPE', place).ok
    if kind == 'none' then
      redis.call('ZREM', KEYS[3], epoch)
    elseif kind == 'list' then
      local found, size = items(place, most, bytes)
      most, bytes = most - #found, bytes - size
      table.insert(found, 1, kind)
      table.insert(found, 1, epoch)
      answer[#answer + 1] = found
    else
      answer[#answer + 1] = {epoch, kind}
    end
  end
  return answer
end

if not is_leader(KEYS[1], KEYS[2], ARGV[1], ARGV[2]) then return {'deposed'} end

local answer, at = {}, 7
while at <= #ARGV do
  local epoch, count = ARGV[at], tonumber(ARGV[at + 1])
  if is(place_of(epoch), 'list') then
    bring_all(epoch, count, at + 2, answer)
  else
    set_aside(epoch, ARGV[at + 4], answer)
  end
  if redis.call('EXISTS', place_of(epoch)) == 0 then redis.call('ZREM', KEYS[3], epoch) end
  at = at + 2 + 3 * count
end
return {answer, due(tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6])}
