-- with: taking.lua, ending.lua
--
-- record(outcome, entry, queue, discards): the job of a run goes where it belongs: into the failed list, unless it
-- `discards` those that have failed, or back to the head of its queue.
--
-- settle(run, outcome, recorded, discharge): the end of a run, unless it is settled already. `recorded(dues)` moves its job
-- to where it belongs, and `discharge(dues, struck)` sees to what it owes (`dues.lua`).
--
-- answer(what, goes_on, how, names): tell who asks `how` a job has ended, unless it `goes_on`, and reserve the next; the
-- answer of the script. `names`: which of ARGV is the first name of a queue.
--
-- KEYS     as settle.lua
-- Returns  what:
--            settled  now, by this call
--            already  by an earlier call whose answer was lost
--            struck   a peer had struck us off and recorded the job as failed: no second entry, and nothing is put back
--            gone     the slate knows nothing of this run: it was pruned, or Redis lost it
--            owing    it owes something, and there is no `discharge`: nothing was done

local function record(outcome, entry, queue, discards)
  if outcome == 'failed' then
    if not discards then redis.call('RPUSH', KEYS[9], entry) end
    redis.pcall('INCR', KEYS[10])
    redis.pcall('INCR', KEYS[11])
  elseif outcome == 'requeued' then
    redis.call('LPUSH', KEYS[13], redis.call('HGET', KEYS[1], 'payload'))
    redis.pcall('SADD', KEYS[12], queue)
    redis.pcall('DECR', KEYS[3])
    redis.pcall('DECR', KEYS[4])
  end
end

-- A Ruby or Perl worker that prunes us deletes worker:<id> and pushes the job to the failed list; pyres does neither.
local function settle(run, outcome, recorded, discharge)
  local present, settled, owing = unpack(redis.call('HMGET', KEYS[1], 'run', 'settled', 'dues'))
  if settled == run then return 'already' end
  if present ~= run or redis.call('HEXISTS', KEYS[1], 'payload') == 0 then return 'gone' end
  if owing and not discharge then return 'owing' end
  local struck = redis.call('EXISTS', KEYS[2]) == 0
  local dues = owing and cjson.decode(owing)
  if not struck then recorded(dues) end
  if dues then pcall(discharge, dues, struck) end
  redis.call('DEL', KEYS[2])
  redis.call('HDEL', KEYS[1], 'queue', 'payload', 'dues')
  redis.call('HSET', KEYS[1], 'settled', run, 'outcome', outcome)
  return struck and 'struck' or 'settled'
end

local function answer(what, goes_on, how, names)
  if what == 'struck' or (what == 'settled' and not goes_on) then ended(ARGV[9], how) end
  local is_free = what == 'settled' or what == 'struck'
  local next = not is_free and on_slate() or take(ARGV[1], ARGV[6], ARGV[7], ARGV[8], names, KEYS[14], ARGV[2])
  table.insert(next, 1, what)
  return next
end
