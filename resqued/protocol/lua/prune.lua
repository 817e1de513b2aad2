-- with: dues.lua, ending.lua
--
-- Settle what a dead worker left, and strike it from the register, in one move.
--
-- KEYS     1 workers, 2 worker:<id>, 3 worker:<id>:started, 4 stat:processed:<id>, 5 stat:failed:<id>, 6
--          workers:heartbeat, 7 resqued:<namespace>:workers, 8 slate, 9 failed, 10 stat:failed, 11 stat:processed, 12
--          queues, 13 queue:<the job's>, 14 resqued:<namespace>:lost:<the payload's digest>, and what is remembered of
--          earlier tries of such a job (dues.lua): 15 counter, 16 last, 17 tries
-- ARGV     1 id, 2 its registration, 3 its last heartbeat ('': whatever it is), 4 the run on its slate ('': none),
--          5 outcome (done, failed, requeued, lost), 6 entry for the failed list, 7 the job's queue,
--          8 how often a lost job may be put back, 9 seconds for which that is remembered; and if it is tried again
--          instead of failing: 10 in how many s ('': it is not), 11 the job as an item of the delayed ones, 12 the failure
--          in short; 13 who asks to know (ending.lua)
-- Returns  what became of the job: none, done, failed, again, requeued; or recorded: a peer had struck the worker off, and
--          recorded the job as failed; or changed: the worker is not what the caller saw, and nothing was done
-- Repeated: the registration is gone, changed.
--
-- A lost job goes back to the head of its queue as often as it may, which is counted by its payload, and then fails.

local id, run, queue, entry = ARGV[1], ARGV[4], ARGV[7], ARGV[6]
local payload, owing = unpack(redis.call('HMGET', KEYS[8], 'payload', 'dues'))
local dues = owed(owing)

-- Who was killed between taking the job and beginning it has not written yet what it owes.
local remembered = dues or {counter = KEYS[15], last = KEYS[16], tries = KEYS[17]}

local function has_changed()
  if redis.call('HGET', KEYS[7], id) ~= ARGV[2] then return true end
  if ARGV[3] ~= '' and redis.call('HGET', KEYS[6], id) ~= ARGV[3] then return true end
  return (payload and redis.call('HGET', KEYS[8], 'run') or '') ~= run
end

local function may_be_put_back()
  if tonumber(ARGV[8]) == 0 then return false end
  local times = redis.pcall('INCR', KEYS[14])
  redis.pcall('EXPIRE', KEYS[14], ARGV[9])
  return type(times) == 'number' and times <= tonumber(ARGV[8])
end

local function is_tried_again()
  return ARGV[10] ~= '' and dues and try_again(dues, queue, payload, ARGV[11], tonumber(ARGV[10]))
end

local function fail()
  local again = is_tried_again()
  if not (again or dues and dues.discards) then redis.call('RPUSH', KEYS[9], with_tries(remembered, entry)) end
  redis.pcall('INCR', KEYS[10])
  return again and 'again' or 'failed'
end

local function put_back()
  redis.call('LPUSH', KEYS[13], payload)
  redis.pcall('SADD', KEYS[12], queue)
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

local function discharge(what)
  if what == 'again' then
    put_off(dues, KEYS[8], run, queue, payload, ARGV[11], tonumber(ARGV[10]), entry, ARGV[12])
  elseif what == 'requeued' then
    give_back(dues, KEYS[8], run, queue, payload)
  else
    let_go(dues, KEYS[8], run)
  end
end

if has_changed() then return 'changed' end
local what = settle()
if dues then pcall(discharge, what) end
if not dues and what ~= 'requeued' and redis.call('EXISTS', remembered.tries) == 1 then forget_tries(remembered) end
if what == 'done' then ended(ARGV[13], 'done') end
if what == 'failed' or what == 'recorded' then ended(ARGV[13], 'failed') end
if what == 'again' then ends_later(ARGV[13], tonumber(ARGV[10])) end
redis.call('SREM', KEYS[1], id)
redis.call('HDEL', KEYS[6], id)
redis.call('HDEL', KEYS[7], id)
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[8])
return what
