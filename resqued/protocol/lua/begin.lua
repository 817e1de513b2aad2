-- with: dues.lua, ending.lua
--
-- Begin the run of a job that owes something at its end: what that is comes onto the slate. If there may be one such job
-- only, and another worker performs one, this one does not begin; nor if it is under a limit, and not its turn.
--
-- KEYS     1 slate, 2 worker:<id>, 3 stat:processed, 4 stat:processed:<id>, 5… keys that go now
-- ARGV     1 id, 2 run, 3 the job's queue, 4 what it owes (`dues.lua`), 5 what becomes of it if there is another one:
--          wait, skip, delay, 6 s for which it is then delayed, 7 the job as an item of the delayed ones, 8 who asks to
--          know of its end (ending.lua)
-- Returns  {'begun', how many tries there were before}; {'wait', 'skip' or 'delay', the worker that performs the other};
--          {'turn'}: it waits for that; {'gone'}: the slate knows nothing of this run, or a peer had struck us off and
--          recorded the job as failed
-- Repeated: the same, because the slate remembers; and no key goes again.

local id, run, queue = ARGV[1], ARGV[2], ARGV[3]
local dues = owed(ARGV[4])
local turns = dues.turn and turns_for(dues)
local MOST_TRIES = 1e9  -- what says more counts nothing
local NOT_BEGUN = {wait = true, skip = true, delay = true, turn = true}

local function tries_before()
  local counted = dues.counter and tonumber(redis.pcall('GET', dues.counter) or nil)
  if not (counted and counted >= 0 and counted < MOST_TRIES) then return 0 end
  return math.floor(counted) + 1  -- Ruby's counter is 0 once the job has been tried
end

local function owns_lock(payload)
  local owner = redis.call('HMGET', dues.lock, 'queue', 'payload')
  return owner[1] == queue and owner[2] == payload
end

local function is_beside_another()
  return dues.lock and dues.scope ~= 'queued' and is_performed(dues.lock)
end

-- A job that waits, or is delayed, has not been taken: it is counted when it comes back.
local function clear_slate(what)
  if what ~= 'skip' then
    redis.pcall('DECR', KEYS[3])
    redis.pcall('DECR', KEYS[4])
  end
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'queue', 'payload')
  redis.call('HSET', KEYS[1], 'settled', run, 'outcome', what)
end

local function give_way(what, payload)
  if turns then turns.pass(dues.turn, queue, payload) end
  if what == 'delay' and not try_again(dues, queue, payload, ARGV[7], tonumber(ARGV[6])) then what = 'wait' end
  if what == 'wait' then wait_aside(dues, queue, payload) end
  clear_slate(what)
  if what == 'skip' then ended(ARGV[8], 'done') end
  if what == 'delay' then ends_later(ARGV[8], tonumber(ARGV[6])) end
  return {what, redis.call('HGET', dues.lock, 'worker')}
end

local function await_turn(payload)
  turns.put_aside(dues.turn, queue, payload)
  if dues.lock and owns_lock(payload) then redis.call('HSET', dues.lock, 'aside', turns.asides_of(dues.turn)) end
  clear_slate('turn')
  return {'turn'}
end

local function begin(payload)
  if dues.lock and dues.scope ~= 'queued' then
    lock_for_worker(dues, id, KEYS[1], run)
  elseif dues.lock and owns_lock(payload) then
    redis.call('DEL', dues.lock)
  end
  dues.tried, dues.worker = tries_before(), id
  redis.call('HSET', KEYS[1], 'dues', cjson.encode(dues))
  for i = 5, #KEYS do redis.call('DEL', KEYS[i]) end
  return {'begun', dues.tried}
end

local present, payload, owing, settled, outcome = unpack(redis.call('HMGET', KEYS[1], 'run', 'payload', 'dues', 'settled',
  'outcome'))
if settled == run then return {NOT_BEGUN[outcome] and outcome or 'gone', ''} end
if present ~= run or not payload then return {'gone'} end
if owing then return {'begun', owed(owing).tried} end
local is_struck = redis.call('EXISTS', KEYS[2]) == 0
if dues.lock and not is(dues.lock, 'hash') then redis.call('DEL', dues.lock) end
if is_beside_another() then return is_struck and {'gone'} or give_way(ARGV[5], payload) end
if not turns or turns.take(dues.turn, dues.most, id, run, queue, payload) then return begin(payload) end
return is_struck and {'gone'} or await_turn(payload)
