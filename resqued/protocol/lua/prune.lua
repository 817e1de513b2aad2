-- Settle what a dead worker left, and strike it from the register, in one move.
--
-- KEYS     1 workers, 2 worker:<id>, 3 worker:<id>:started, 4 stat:processed:<id>, 5 stat:failed:<id>, 6
--          workers:heartbeat, 7 resqued:<namespace>:workers, 8 slate, 9 failed, 10 stat:failed, 11 stat:processed, 12
--          queues, 13 queue:<the job's>, 14 resqued:<namespace>:lost:<the payload's digest>
-- ARGV     1 id, 2 its registration, 3 its last heartbeat ('': whatever it is), 4 the run on its slate ('': none),
--          5 outcome (done, failed, requeued, lost), 6 entry for the failed list, 7 the job's queue,
--          8 how often a lost job may be put back, 9 seconds for which that is remembered
-- Returns  what became of the job: none, done, failed, requeued; or recorded: a peer had struck the worker off, and
--          recorded the job as failed; or changed: the worker is not what the caller saw, and nothing was done
-- Repeated: the registration is gone, changed.
--
-- A lost job goes back to the head of its queue as often as it may, which is counted by its payload, and then fails.
-- What the slate has noted of locks (`open.lua`) is opened, unless the job goes back.

local id, run = ARGV[1], ARGV[4]

local function has_changed()
  if redis.call('HGET', KEYS[7], id) ~= ARGV[2] then return true end
  if ARGV[3] ~= '' and redis.call('HGET', KEYS[6], id) ~= ARGV[3] then return true end
  local present, payload = unpack(redis.call('HMGET', KEYS[8], 'run', 'payload'))
  return (payload and present or '') ~= run
end

local function may_be_put_back()
  if tonumber(ARGV[8]) == 0 then return false end
  local times = redis.pcall('INCR', KEYS[14])
  redis.pcall('EXPIRE', KEYS[14], ARGV[9])
  return type(times) == 'number' and times <= tonumber(ARGV[8])
end

local function fail()
  redis.call('RPUSH', KEYS[9], ARGV[6])
  redis.pcall('INCR', KEYS[10])
  return 'failed'
end

local function put_back()
  redis.call('LPUSH', KEYS[13], redis.call('HGET', KEYS[8], 'payload'))
  redis.pcall('SADD', KEYS[12], ARGV[7])
  redis.pcall('DECR', KEYS[11])
  return 'requeued'
end

local function settle()
  if run == '' then return 'none' end
  local outcome = ARGV[5]
  if outcome == 'done' then return 'done' end
  if redis.call('EXISTS', KEYS[2]) == 0 then return 'recorded' end
  if outcome == 'requeued' or (outcome == 'lost' and may_be_put_back()) then return put_back() end
  return fail()
end

if has_changed() then return 'changed' end
local what = settle()
local locks = redis.call('HGET', KEYS[8], 'locks')
if locks and what ~= 'requeued' then redis.call('DEL', unpack(cjson.decode(locks))) end
redis.call('SREM', KEYS[1], id)
redis.call('HDEL', KEYS[6], id)
redis.call('HDEL', KEYS[7], id)
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[8])
return what
