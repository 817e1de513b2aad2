-- with: dues.lua
--
-- Look after the limits: places that belong to nobody any more are given to whoever waits. Once in a few seconds in the
-- whole fleet.
--
-- KEYS     1 resqued:<namespace>:limits, 2 resqued:<namespace>:aside, 3 queues, 4 resqued:<namespace>:tended,
--          5 resqued:<namespace>:workers, 6 resqued:<namespace>:paused
-- ARGV     1 for how long nobody else need look (s), 2 what comes before a queue's name in its key, 3 what comes before a
--          worker's id in that of its slate, 4 how many limits at most are looked at, 5 how long one that is called may
--          take to come (s)
-- Returns  how many places belonged to nobody
-- Repeated: somebody has just looked, 0.
--
-- A run gives its place back in the script that ends it. What is left to do here: a slate that was lost with the data of
-- Redis, and jobs that were called and do not come: a worker of another implementation took one, a person moved it, its
-- queue was paused, its worker died before it asked. A job on a slate that owes nothing may be one that is about to ask.

local DEEP = 1000  -- jobs on a queue; one that was called is near the head

local turns = turns_of({limits = KEYS[1], asides = KEYS[2], queues = KEYS[3], prefix = ARGV[2]})
local about_to_ask

local function asking()  -- entries that are on slates and owe nothing yet, with how often
  if about_to_ask then return about_to_ask end
  about_to_ask = {}
  for _, id in ipairs(redis.call('HKEYS', KEYS[5])) do
    local owing, queue, payload = unpack(redis.call('HMGET', ARGV[3] .. id, 'dues', 'queue', 'payload'))
    if payload and not owing then
      local entry = turns.entry_of(queue, payload)
      about_to_ask[entry] = (about_to_ask[entry] or 0) + 1
    end
  end
  return about_to_ask
end

local function is_held(id, run, name)
  local present, owing, payload = unpack(redis.call('HMGET', ARGV[3] .. id, 'run', 'dues', 'payload'))
  return payload and present == run and owing and owed(owing).turn == name
end

local function on_queue(queue, payload)
  local found = redis.pcall('LPOS', ARGV[2] .. queue, payload, 'COUNT', 0, 'MAXLEN', DEEP)
  return type(found) == 'table' and not found.err and #found or 0
end

-- Whether a job that was called is on its way. `met`: how many equal ones have been looked at before it.
local function is_coming(since, entry, met)
  local queue, payload = turns.parts_of(entry)
  if turns.seconds() - since > tonumber(ARGV[5]) or redis.call('HEXISTS', KEYS[6], queue) == 1 then return false end
  local there = on_queue(queue, payload)
  return met < there or met < there + (asking()[entry] or 0)
end

local function tend(name)
  local held, _, called = turns.keys_of(name)
  local nobodys, met = 0, {}
  local holders = redis.call('HGETALL', held)
  for i = 1, #holders, 2 do
    if not is_held(holders[i], holders[i + 1], name) then nobodys = nobodys + redis.call('HDEL', held, holders[i]) end
  end
  for _, one in ipairs(redis.call('LRANGE', called, 0, -1)) do
    local since, entry = turns.called_at(one)
    if is_coming(since, entry, met[entry] or 0) then
      met[entry] = (met[entry] or 0) + 1
    else
      nobodys = nobodys + redis.call('LREM', called, 1, one)
    end
  end
  turns.call_up(name)
  turns.forget_if_unused(name)
  return nobodys
end

if not redis.call('SET', KEYS[4], '', 'EX', ARGV[1], 'NX') then return 0 end
local nobodys = 0
for _, name in ipairs(redis.call('HRANDFIELD', KEYS[1], ARGV[4])) do nobodys = nobodys + tend(name) end
return nobodys
