-- with: kinds.lua
--
-- ended(text, outcome): a job has ended for good, done or failed, and somebody has asked to know: its result is kept, it
-- is counted in its batch, and the end of that calls its callback. `text` is what `protocol.ties` makes of the payload;
-- empty: nobody has asked.
--
-- A batch is a hash (total, left, failed, and of its callback queue and payload), with beside it <batch>:ends, 2 bits for
-- each of its jobs (1 done, 2 failed: so a job is counted once, however often it is performed), and <batch>:over, a list
-- that gets an element when all have ended. All of it lives as long as `expires` says, counted from the last end.
--
-- What stands on these keys must keep no job from being settled: it is called under pcall, after all else.
-- Its functions are made when they are needed: a script which needs none pays for none.

local function endings()
  local ENDS = {done = 1, failed = 2}

  local function keep_result(facts, outcome)
    redis.call('DEL', facts.result)
    redis.call('RPUSH', facts.result, facts[outcome])
    redis.call('EXPIRE', facts.result, facts.keep)
  end

  local function call_back(facts, queue, payload)
    if not payload then return end
    if not is(facts.queue .. queue, 'list') then return end
    redis.call('RPUSH', facts.queue .. queue, payload)
    redis.pcall('SADD', facts.queues, queue)
    redis.call('HDEL', facts.batch, 'payload')
  end

  local function count_in_batch(facts, outcome)
    local total, expires, queue, payload =
      unpack(redis.call('HMGET', facts.batch, 'total', 'expires', 'queue', 'payload'))
    if not total or facts.number >= tonumber(total) then return end
    local ends, over, now = facts.batch .. ':ends', facts.batch .. ':over', ENDS[outcome]
    local before = redis.call('BITFIELD', ends, 'SET', 'u2', '#' .. facts.number, now)[1]
    if (before == 2) ~= (now == 2) then redis.call('HINCRBY', facts.batch, 'failed', now == 2 and 1 or -1) end
    if before == 0 and redis.call('HINCRBY', facts.batch, 'left', -1) == 0 then
      redis.call('RPUSH', over, 'over')
      call_back(facts, queue, payload)
    end
    for _, key in ipairs({facts.batch, ends, over}) do redis.call('EXPIRE', key, expires) end
  end

  local function take_note_of_end(facts, outcome)
    if facts.result then keep_result(facts, outcome) end
    if facts.batch then count_in_batch(facts, outcome) end
  end

  return {take_note = take_note_of_end, call_back = call_back}
end

local function ended(text, outcome)
  if text == '' then return end
  local is_read, facts = pcall(cjson.decode, text)
  if is_read then pcall(endings().take_note, facts, outcome) end
end
