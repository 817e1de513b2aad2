-- with: visible.lua
--
-- on_slate(): the work that the slate holds already, because the answer to an earlier call was lost; or nil.
--
-- take(id, run_at, prefix, rates, first, list, last): move the head of the first non-empty queue to the slate, where it
-- stays until its run is settled. The queues' names stand in ARGV from `first` on or, if `list` is a key, in that list;
-- before each comes `prefix`. Only a registered worker gets anything: what a worker sent before it was killed may arrive
-- after its slate was settled, and nobody would look there again. A paused queue is passed over, and one that has given
-- as many jobs as it may for now; both are named if they have jobs: to wait for one on them would end at once.
--
-- The runs of a slate are counted. When it has been pruned, or Redis has lost its latest, that begins anew, and a run must
-- not be taken for another that the worker or its notebook still knows: each comes after `last`, which it has settled.
--
-- `rates`: empty, or {"slowed": resqued:<namespace>:slowed, "queues": {a queue's name: [the key of its rate, most, in
-- how many s]}} of those that have one. That key is a list: when (µs, by this server's clock) it gave its last jobs.
--
-- KEYS     1 slate, 2 worker:<id>, 3 stat:processed, 4 stat:processed:<id>, 5 pause-all-workers,
--          6 resqued:<namespace>:workers, 7 resqued:<namespace>:paused, 8 resqued:<namespace>:room
-- Returns  {run, queue, payload}, {'paused'}, {'unregistered'}, {'unlisted'} if there is no such list, or when there is
--          no job to take {'empty'}, or {'empty', in how many ms one that is passed over may give a job (-1: nobody
--          knows), the queues that are passed over and have some…}

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
local function move(queue_key, queue, payload, run_at, last)
  local shown = '{"queue":' .. quoted(queue) .. ',"run_at":"' .. run_at .. '","payload":' .. visible(payload) .. '}'
  local run = redis.call('HINCRBY', KEYS[1], 'run', 1)
  if run <= last then
    run = last + 1
    redis.call('HSET', KEYS[1], 'run', run)
  end
  redis.call('SET', KEYS[2], shown)
  redis.call('HSET', KEYS[1], 'queue', queue, 'payload', payload)
  redis.call('LTRIM', queue_key, 1, -1)  -- LPOP would make another copy of the payload, to throw away
  redis.pcall('INCR', KEYS[3])
  redis.pcall('INCR', KEYS[4])
  return {run, queue, payload}
end

-- Some client waits for room on some queue. One is told at once: the others are when the next job is taken.
local function tell_of_room(queue)
  local until_when = tonumber(redis.pcall('ZSCORE', KEYS[8], queue)) or 0
  if until_when == 0 then return end
  local told = KEYS[8] .. ':' .. queue
  if until_when < tonumber(redis.call('TIME')[1]) then
    redis.call('ZREM', KEYS[8], queue)
  elseif redis.pcall('LLEN', told) == 0 then
    redis.call('RPUSH', told, 'room')
    redis.call('EXPIRE', told, 60)
  end
end

-- Of queues that have a rate: opens_in(queue), in how many ms it may give another job (0: now), and count(queue), that it
-- gave one. nil without rates. A clock that was set back must not keep a queue closed: it begins anew.
local function rates_in(text)
  if text == '' then return end
  local rates = cjson.decode(text)

  local function micros()
    local now = redis.call('TIME')
    return now[1] * 1e6 + now[2]
  end

  local function note_slowed(queue, ms)  -- for people, who wonder why nobody takes what is there
    redis.pcall('HSET', rates.slowed, queue, string.format('%.0f', math.floor(micros() / 1e6 + ms / 1e3)))
    redis.pcall('EXPIRE', rates.slowed, 86400)
  end

  local function opens_in(queue)
    if not rates.queues[queue] then return 0 end
    local key, most, period = unpack(rates.queues[queue])
    local now, last = micros(), tonumber(redis.pcall('LINDEX', key, -1))
    if last and last > now then redis.call('DEL', key) end
    local first = tonumber(redis.pcall('LINDEX', key, -most))
    local ms = first and math.max(0, math.ceil((first + period * 1e6 - now) / 1e3)) or 0
    if ms > 0 then note_slowed(queue, ms) end
    return ms
  end

  local function count(queue)
    if not rates.queues[queue] then return end
    local key, most, period = unpack(rates.queues[queue])
    redis.pcall('RPUSH', key, string.format('%.0f', micros()))
    redis.pcall('LTRIM', key, -most, -1)
    redis.pcall('EXPIRE', key, period)
  end

  return {opens_in = opens_in, count = count}
end

local function given(first)
  local i = first - 1
  return function()
    i = i + 1
    return ARGV[i]
  end
end

-- Most of many queues are empty: one question for a whole portion passes over them.
local function some_exist(prefix, queues)
  local keys = {}
  for i, queue in ipairs(queues) do keys[i] = prefix .. queue end
  return redis.call('EXISTS', unpack(keys)) > 0
end

local function listed(list, prefix)
  local first, portion, i = 0, {}, 0
  return function()
    i = i + 1
    while i > #portion do
      portion = redis.call('LRANGE', list, first, first + PORTION - 1)
      if #portion == 0 then return end
      first = first + PORTION
      i = some_exist(prefix, portion) and 1 or PORTION + 1
    end
    return portion[i]
  end
end

-- How a queue that has a job is passed over: not at all (nil), or in how many ms it may give one (-1: nobody knows).
local function passed_over(queue, rates, unusual)
  if unusual and redis.pcall('HEXISTS', KEYS[7], queue) == 1 then return -1 end
  local ms = rates and rates.opens_in(queue) or 0
  return ms > 0 and ms or nil
end

local function also(nothing, queue, ms)
  local known = nothing[2] or -1
  nothing[2] = (known < 0 or ms < 0) and math.max(known, ms) or math.min(known, ms)
  nothing[#nothing + 1] = queue
end

local function take(id, run_at, prefix, rates_text, first, list, last)
  if not (list or ARGV[first]) then return {'empty'} end
  if redis.call('HEXISTS', KEYS[6], id) == 0 then return {'unregistered'} end
  if list and redis.call('EXISTS', list) == 0 then return {'unlisted'} end
  local unusual = redis.call('EXISTS', KEYS[5], KEYS[7], KEYS[8]) > 0  -- one look for all: hardly ever is there one
  if unusual and all_are_paused() then return {'paused'} end
  local rates = rates_in(rates_text)
  local nothing = {'empty'}
  for queue in list and listed(list, prefix) or given(first) do
    local head = redis.pcall('LINDEX', prefix .. queue, 0)  -- a queue that is no list is passed over
    if type(head) == 'string' then
      local ms = (unusual or rates) and passed_over(queue, rates, unusual)
      if not ms then
        local taken = move(prefix .. queue, queue, head, run_at, tonumber(last))
        if unusual then tell_of_room(queue) end
        if rates then rates.count(queue) end
        return taken
      end
      also(nothing, queue, ms)
    end
  end
  return nothing
end
