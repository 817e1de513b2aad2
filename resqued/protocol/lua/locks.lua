-- with: server_date.lua, asides.lua
--
-- Locks of jobs of which there may be one only. A lock is a hash:
--
--   shown, scope      what it is about, and for how long there may be no second one (`resqued.unique`)
--   since             the server's date
--   queue, payload    the job that has it, as long as no worker performs it; and as it lies among the delayed jobs (item)
--   slate, run        where a worker performs it, and that worker (worker)
--
-- It holds as long as its job is where it says: so no crash, and nothing that anybody does to a queue, leaves it for
-- ever. Its lease is that of the worker, which is struck off when it no longer beats, or LEASE.
--
-- Others of which a worker has taken one meanwhile wait aside, in a list of their own: the name of the queue, then the
-- payload, of each. One comes back to the head of its queue whenever the lock is let go of.
--
-- `k` names the keys: lock, waiting, awaited (waiting lists that are not empty, by their locks), asides (how many jobs
-- of each queue wait so), queues, and queue, which comes before a queue's name.

local LEASE = 7 * 86400  -- s for which a job may be queued; a second one that is refused renews it

local function is_performed(lock)
  local slate, run = unpack(redis.call('HMGET', lock, 'slate', 'run'))
  if not slate then return false end
  local present, payload = unpack(redis.call('HMGET', slate, 'run', 'payload'))
  return payload and present == run
end

local function is_mine(lock, slate, run)
  local owner, number = unpack(redis.call('HMGET', lock, 'slate', 'run'))
  return owner == slate and number == run
end

local function lock_for_worker(k, worker, slate, run)
  redis.call('DEL', k.lock)
  redis.call('HSET', k.lock, 'shown', k.shown, 'scope', k.scope, 'since', server_date(), 'worker', worker, 'slate', slate,
    'run', run)
end

local function lock_for_queue(k, queue, payload, item, lease)
  redis.call('DEL', k.lock)
  redis.call('HSET', k.lock, 'shown', k.shown, 'scope', k.scope, 'since', server_date(), 'queue', queue, 'payload',
    payload, 'item', item)
  redis.call('EXPIRE', k.lock, lease)
end

-- A lock whose job is delayed may live longer.
local function renew(lock, lease)
  if redis.call('TTL', lock) < tonumber(lease) then redis.call('EXPIRE', lock, lease) end
end

local function wait_aside(k, queue, payload)
  local named = cjson.encode({
    lock = k.lock, waiting = k.waiting, awaited = k.awaited, asides = k.asides, queues = k.queues, queue = k.queue,
  })
  redis.call('RPUSH', k.waiting, queue, payload)  -- what comes after it must not fail, or the job would be there twice
  redis.pcall('HSET', k.awaited, k.lock, named)
  count_aside(k.asides, queue, 1)
end

local function rouse(k)
  local queue, payload = unpack(redis.call('LRANGE', k.waiting, 0, 1))
  if payload then
    redis.call('LPUSH', k.queue .. queue, payload)  -- first: if that queue is no list, it waits on
    redis.call('LTRIM', k.waiting, 2, -1)
    redis.pcall('SADD', k.queues, queue)
    count_aside(k.asides, queue, -1)
  end
  if redis.call('EXISTS', k.waiting) == 0 then redis.call('HDEL', k.awaited, k.lock) end
end

-- What waits for a lock that nobody has comes back, one at a time: whoever had been roused last has not come to a worker
-- of ours, but was taken off its queue by somebody else.
local function rouse_the_forgotten(awaited)
  local waiting = redis.call('HGETALL', awaited)
  for i = 1, #waiting, 2 do
    if not is_performed(waiting[i]) then pcall(rouse, cjson.decode(waiting[i + 1])) end
  end
end
