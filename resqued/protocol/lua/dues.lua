-- with: locks.lua, delaying.lua, turns.lua
--
-- What the run of a job owes at its end, as its worker has written it onto the slate when the job began (`begin.lua`): an
-- object of names of keys and of facts. Whoever settles the run, its worker or a pruner, reads it there.
--
--   counter, last, tries   resque-retry's counter of tries, and its copy of the last failure; our list of all failures
--   tried                  how many tries there were before this one
--   discards               whether the job goes nowhere when it is not tried again
--   lock, waiting, …       of a job of which there may be one only (`locks.lua`)
--   turn, most, limits, worker   under which limit it runs, of how many, and as whose job (`turns.lua`)
--   locks                  keys that go when the job has ended for good
--   prefix, earlier        of delayed jobs (`delaying.lua`)
--
-- What is done here must not keep a job from being settled: it is done once the job is where it belongs, and none of it
-- keeps the rest from being done.

local FAILURES = 50  -- that are remembered of one job
local REMEMBERED = 7 * 86400  -- s beyond the next try

local function owed(text)
  return text and cjson.decode(text)
end

local function forget_tries(dues)
  if dues.counter then redis.call('DEL', dues.counter, dues.last, dues.tries) end
end

local function with_tries(dues, entry)
  local tries = dues and dues.tries and redis.pcall('LRANGE', dues.tries, 0, -1) or {}
  if tries.err or #tries == 0 then return entry end
  return entry:sub(1, -2) .. ',"tries":[' .. table.concat(tries, ',') .. ']}'
end

local function turns_for(dues)
  return turns_of({limits = dues.limits, asides = dues.asides, queues = dues.queues, prefix = dues.queue})
end

local function let_turn_go(dues)
  if dues.turn then turns_for(dues).let_go(dues.turn, dues.worker) end
end

local function keep_turn(dues, queue, payload)
  if dues.turn then turns_for(dues).keep(dues.turn, dues.worker, queue, payload) end
end

local function let_lock_go(dues, slate, run)
  if not dues.lock then return end
  if is_mine(dues.lock, slate, run) then redis.call('DEL', dues.lock) end
  rouse(dues)
end

-- The lock of a job that is queued again, or delayed, is that of a queued one again; but it never takes another's.
local function keep_lock(dues, slate, run, queue, payload, item, seconds)
  if not dues.lock then return end
  local mine = is_mine(dues.lock, slate, run)
  local lacking = dues.scope == 'queued' and redis.call('EXISTS', dues.lock) == 0
  if dues.scope ~= 'running' and (mine or lacking) then
    lock_for_queue(dues, queue, payload, item, math.ceil(seconds) + LEASE)
  elseif mine then
    redis.call('DEL', dues.lock)
  end
  rouse(dues)
end

local function remember(dues, seconds, entry, failure)
  local kept = math.ceil(seconds) + REMEMBERED
  redis.call('SET', dues.counter, dues.tried, 'EX', kept)
  if seconds > 0 then redis.call('SET', dues.last, entry, 'EX', 2 * math.ceil(seconds)) end  -- as long as Ruby keeps it
  redis.call('RPUSH', dues.tries, failure)
  redis.call('LTRIM', dues.tries, -FAILURES, -1)
  redis.call('EXPIRE', dues.tries, kept)
end

-- Try the job again in so many seconds, or at once, from the end of its queue. False if there is something on a key that
-- does not belong there, and nothing was done. The failure is counted, but the failed list learns nothing of it.
local function try_again(dues, queue, payload, item, seconds)
  if seconds > 0 then
    local now = redis.call('TIME')
    local epoch = string.format('%.0f', math.ceil(now[1] + now[2] / 1000000 + seconds))
    return not delay(dues.prefix, dues.earlier, epoch, item)
  end
  local key = dues.queue .. queue
  if not is(key, 'list') then return false end
  redis.call('RPUSH', key, payload)
  redis.pcall('SADD', dues.queues, queue)
  return true
end

-- Of a job that has ended for good.
local function let_go(dues, slate, run)
  forget_tries(dues)
  for _, key in ipairs(dues.locks or {}) do redis.call('DEL', key) end
  pcall(let_turn_go, dues)
  pcall(let_lock_go, dues, slate, run)
end

-- Of one that is tried again in so many seconds.
local function put_off(dues, slate, run, queue, payload, item, seconds, entry, failure)
  pcall(remember, dues, seconds, entry, failure)
  pcall(let_turn_go, dues)
  pcall(keep_lock, dues, slate, run, queue, payload, item, seconds)
end

-- Of one that is on its queue again, unfinished.
local function give_back(dues, slate, run, queue, payload)
  pcall(keep_turn, dues, queue, payload)
  pcall(keep_lock, dues, slate, run, queue, payload, '', 0)
end
