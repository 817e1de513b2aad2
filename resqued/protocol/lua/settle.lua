-- with: taking.lua
--
-- Settle the run of a job, then reserve the next, in one round trip.
--
-- KEYS     1 slate, 2 worker:<id>, 3 stat:processed, 4 stat:processed:<id>, 5 pause-all-workers,
--          6 resqued:<namespace>:workers, 7 resqued:<namespace>:paused, 8 failed, 9 stat:failed, 10 stat:failed:<id>,
--          11 queues, 12 queue:<the job's>, 13 a list of queues' names, or no such key
-- ARGV     1 id, 2 run, 3 outcome (done, failed, requeued), 4 entry for the failed list, 5 the job's queue, 6 run_at,
--          7 what comes before a queue's name in its key, 8… without a list: the queues' names in order of priority
--          (none: reserve nothing)
-- Returns  {what, then as reserve.lua}: what is
--            settled  now, by this call
--            already  by an earlier call whose answer was lost
--            struck   a peer had struck us off and recorded the job as failed: no second entry, and nothing is put back
--            gone     the slate knows nothing of this run: it was pruned, or Redis lost it
-- Repeated: changes nothing, because the slate remembers the settled run, and holds the next.
--
-- What the slate has noted of locks (`open.lua`) is opened, unless the job goes back to its queue.

local function record(outcome, entry, queue)
  if outcome == 'failed' then
    redis.call('RPUSH', KEYS[8], entry)
    redis.pcall('INCR', KEYS[9])
    redis.pcall('INCR', KEYS[10])
  elseif outcome == 'requeued' then
    redis.call('LPUSH', KEYS[12], redis.call('HGET', KEYS[1], 'payload'))
    redis.pcall('SADD', KEYS[11], queue)
    redis.pcall('DECR', KEYS[3])
    redis.pcall('DECR', KEYS[4])
  end
end

-- A Ruby or Perl worker that prunes us deletes worker:<id> and pushes the job to the failed list; pyres does neither.
local function settle(run, outcome, entry, queue)
  local present, settled, locks = unpack(redis.call('HMGET', KEYS[1], 'run', 'settled', 'locks'))
  if settled == run then return 'already' end
  if present ~= run or redis.call('HEXISTS', KEYS[1], 'payload') == 0 then return 'gone' end
  local struck = redis.call('EXISTS', KEYS[2]) == 0
  if not struck then record(outcome, entry, queue) end
  redis.call('DEL', KEYS[2])
  if locks and (struck or outcome ~= 'requeued') then redis.call('DEL', unpack(cjson.decode(locks))) end
  redis.call('HDEL', KEYS[1], 'queue', 'payload', 'locks')
  redis.call('HSET', KEYS[1], 'settled', run, 'outcome', outcome)
  return struck and 'struck' or 'settled'
end

local what = settle(ARGV[2], ARGV[3], ARGV[4], ARGV[5])
local answer = on_slate() or take(ARGV[1], ARGV[6], ARGV[7], 8, KEYS[13])
table.insert(answer, 1, what)
return answer
