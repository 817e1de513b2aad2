-- with: kinds.lua, server_date.lua
--
-- ended(text, outcome): a job has ended for good, done or failed, and somebody has asked to know: its result is kept, it
-- is counted in its batch, and the end of that calls its callback. `text` is what `protocol.ties` makes of the payload;
-- empty: nobody has asked. ARGV[1] is the worker's id.
--
-- ends_later(text, seconds): it has not ended, and it is so many seconds until it comes back.
--
-- A batch is a hash (total, left, failed, expires, and of its callback queue and payload), with beside it <batch>:ends,
-- 2 bits for each of its jobs (1 done, 2 failed: so a job is counted once, however often it is performed), and
-- <batch>:over, a list that gets an element when all have ended. From the last end on all of it lives for `expires`.
-- Before, whatever happens to a job makes it live for that and OPEN beyond the time at which the job comes back, if it
-- does not live longer.
--
-- What stands on these keys must keep no job from being settled: it is called under pcall, after all else.
-- Its functions are made when they are needed: a script which needs none pays for none.

local function endings()
  local ENDS = {done = 1, failed = 2}
  local OPEN = 30 * 86400  -- s

  local function keep_result(facts, outcome)
    redis.call('DEL', facts.result)
    redis.call('RPUSH', facts.result, facts[outcome])
    redis.call('EXPIRE', facts.result, facts.keep)
  end

  local function keep_open(batch, expires, seconds)
    local least = 1000 * math.ceil(OPEN + expires + seconds)
    local lives = string.format('%.0f', math.max(least, redis.call('PTTL', batch)))
    redis.call('PEXPIRE', batch, lives)
    redis.call('PEXPIRE', batch .. ':ends', lives)
  end

  local function keep_over(batch, expires)
    for _, key in ipairs({batch, batch .. ':ends', batch .. ':over'}) do redis.call('EXPIRE', key, expires) end
  end

  local function undeliverable(facts, queue, payload)
    local date = server_date():gsub('-', '/'):gsub('T', ' '):gsub('Z', ' UTC')
    return '{"failed_at":"' .. date .. '","payload":' .. payload .. ',"exception":"Undeliverable",'
      .. '"error":"there is something else in Redis where its queue should be","backtrace":[],"worker":'
      .. cjson.encode(facts.who) .. ',"queue":' .. cjson.encode(queue) .. '}'
  end

  -- If its queue is no list it goes where `resquectl failed retry` finds it; if neither is, it stays in the batch.
  local function call_back(facts, queue, payload)
    if is(facts.queue .. queue, 'list') then
      redis.call('RPUSH', facts.queue .. queue, payload)
      redis.pcall('SADD', facts.queues, queue)
    elseif is(facts.failed_list, 'list') then
      redis.call('RPUSH', facts.failed_list, undeliverable(facts, queue, payload))
      redis.pcall('INCR', facts.failures)
    else
      return
    end
    redis.call('HDEL', facts.batch, 'payload')
  end

  local function count_in_batch(facts, outcome)
    local total, left, expires, queue, payload =
      unpack(redis.call('HMGET', facts.batch, 'total', 'left', 'expires', 'queue', 'payload'))
    if not total or facts.number >= tonumber(total) then return end
    local now = ENDS[outcome]
    local before = redis.call('BITFIELD', facts.batch .. ':ends', 'SET', 'u2', '#' .. facts.number, now)[1]
    if (before == 2) ~= (now == 2) then redis.call('HINCRBY', facts.batch, 'failed', now == 2 and 1 or -1) end
    if before == 0 then left = redis.call('HINCRBY', facts.batch, 'left', -1) end
    if tonumber(left) > 0 then return keep_open(facts.batch, expires, 0) end
    if before == 0 then redis.call('RPUSH', facts.batch .. ':over', 'over') end
    if payload then call_back(facts, queue, payload) end
    keep_over(facts.batch, expires)
  end

  local function take_note_of_end(facts, outcome)
    if facts.result then keep_result(facts, outcome) end
    if facts.batch then count_in_batch(facts, outcome) end
  end

  local function take_note_of_delay(facts, seconds)
    local left, expires = unpack(redis.call('HMGET', facts.batch, 'left', 'expires'))
    if left and tonumber(left) > 0 then keep_open(facts.batch, expires, seconds) end
  end

  return {
    take_note = take_note_of_end, take_note_of_delay = take_note_of_delay,
    call_back = call_back, keep_open = keep_open, keep_over = keep_over,
  }
end

local function ended(text, outcome)
  if text == '' then return end
  local is_read, facts = pcall(cjson.decode, text)
  if not is_read then return end
  facts.who = ARGV[1]
  pcall(endings().take_note, facts, outcome)
end

local function ends_later(text, seconds)
  if text == '' then return end
  local is_read, facts = pcall(cjson.decode, text)
  if is_read and facts.batch then pcall(endings().take_note_of_delay, facts, seconds) end
end
