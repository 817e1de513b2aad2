-- with: locks.lua, turns.lua
--
-- holder(k, lock): since when a lock is held, and where its job is; nil if it is not held, or its job is nowhere.
--
-- `k`: registrations is a key; prefix, slates and timestamps come before a queue's name, a worker's id and an item in
-- their keys.

local LOOKED_AT = 10000  -- jobs in which the job of a lock is looked for; where there are more, it is believed

local function is_in(list, text)
  local place = redis.pcall('LPOS', list, text, 'MAXLEN', LOOKED_AT)
  if type(place) == 'number' then return true end
  local length = redis.pcall('LLEN', list)
  return type(length) == 'number' and length > LOOKED_AT
end

local function is_delayed(k, item)
  return item ~= '' and redis.call('EXISTS', k.timestamps .. item) == 1
end

local function waits_for_turn(aside, queue, payload)
  return aside and is_in(aside, turns_of({}).entry_of(queue, payload))
end

-- A worker has taken it and has not come to beginning it, or is about to put it back.
local function is_taken(k, payload)
  for _, id in ipairs(redis.call('HKEYS', k.registrations)) do
    if redis.call('HGET', k.slates .. id, 'payload') == payload then return true end
  end
  return false
end

local function holder(k, lock)
  local scope, since, queue, payload, item, worker, aside =
    unpack(redis.call('HMGET', lock, 'scope', 'since', 'queue', 'payload', 'item', 'worker', 'aside'))
  if not since then return end
  if scope == 'period' then return since, queue end
  if worker then return is_performed(lock) and since or nil, worker end
  local is_there = is_in(k.prefix .. queue, payload) or is_delayed(k, item) or waits_for_turn(aside, queue, payload)
    or (scope == 'unfinished' and is_taken(k, payload))
  return is_there and since or nil, queue
end
