-- with: visible.lua
--
-- on_slate(): the work that the slate holds already, because the answer to an earlier call was lost; or nil.
--
-- take(id, run_at, prefix, first, list): move the head of the first non-empty queue to the slate, where it stays until
-- its run is settled. The queues' names stand in ARGV from `first` on or, if `list` is a key, in that list; before each
-- comes `prefix`. Only a registered worker gets anything: what a worker sent before it was killed may arrive after its
-- slate was settled, and nobody would look there again. A paused queue is passed over, and named if it has jobs: to
-- wait for one on it would end at once.
--
-- KEYS     1 slate, 2 worker:<id>, 3 stat:processed, 4 stat:processed:<id>, 5 pause-all-workers,
--          6 resqued:<namespace>:workers, 7 resqued:<namespace>:paused
-- Returns  {run, queue, payload}, {'paused'}, {'unregistered'}, {'unlisted'} if there is no such list, or when there is
--          no job to take {'empty', the paused queues that have some…}

local PORTION = 32  -- names: with many queues, the first that has a job is seldom far down the list

local function on_slate()
  local run, queue, payload = unpack(redis.call('HMGET', KEYS[1], 'run', 'queue', 'payload'))
  if payload then return {tonumber(run), queue, payload} end
end

local function all_are_paused()
  local said = redis.pcall('GET', KEYS[5])
  return type(said) == 'string' and said:match('^%s*(.-)%s*$'):lower() == 'true'
end

-- Peek first, pop last. A script that errs half-way keeps what it did: so the text is made before anything is written,
-- what can be refused comes while the job is still on its queue, and what must not stop us (a counter that is no
-- integer) may fail. worker:<id> is never missing while the slate holds a job, unless a peer has struck us off.
local function move(queue_key, queue, payload, run_at)
  local shown = '{"queue":' .. quoted(queue) .. ',"run_at":"' .. run_at .. '","payload":' .. visible(payload) .. '}'
  local run = redis.call('HINCRBY', KEYS[1], 'run', 1)
  redis.call('SET', KEYS[2], shown)
  redis.call('HSET', KEYS[1], 'queue', queue, 'payload', payload)
  redis.call('LTRIM', queue_key, 1, -1)  -- LPOP would make another copy of the payload, to throw away
  redis.pcall('INCR', KEYS[3])
  redis.pcall('INCR', KEYS[4])
  return {run, queue, payload}
end

local function given(first)
  local i = first - 1
  return function()
    i = i + 1
    return ARGV[i]
  end
end

local function listed(list)
  local i, portion = 0, {}
  return function()
    local at = i % PORTION
    if at == 0 then portion = redis.call('LRANGE', list, i, i + PORTION - 1) end
    i = i + 1
    return portion[at + 1]
  end
end

local function take(id, run_at, prefix, first, list)
  if not (list or ARGV[first]) then return {'empty'} end
  if redis.call('HEXISTS', KEYS[6], id) == 0 then return {'unregistered'} end
  if list and redis.call('EXISTS', list) == 0 then return {'unlisted'} end
  local some_paused = redis.call('EXISTS', KEYS[5], KEYS[7]) > 0  -- one look for both kinds: hardly ever is there one
  if some_paused and all_are_paused() then return {'paused'} end
  local nothing = {'empty'}
  for queue in list and listed(list) or given(first) do
    local head = redis.pcall('LINDEX', prefix .. queue, 0)  -- a queue that is no list is passed over
    if type(head) == 'string' then
      local is_held = some_paused and redis.pcall('HEXISTS', KEYS[7], queue) == 1
      if not is_held then return move(prefix .. queue, queue, head, run_at) end
      nothing[#nothing + 1] = queue
    end
  end
  return nothing
end
