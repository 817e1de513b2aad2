-- with: visible.lua, ending.lua
--
-- drop(queue, payload, error, k): a job that was on a queue is performed no more. It is recorded as failed, whoever asked
-- for its end is told (`ending.lua`), and if there may be one such job only, there may be another one now. `queue`: its name. `k`: failed, failures and dropped are keys, prefix and own
-- come before a queue's name in its key and before the names of our own keys; queues; date, exception and who are texts
-- of the entry.
--
-- What the payload says of that (`protocol.ties`) is the word of whoever wrote it. It is read, and never written back.

local LONGEST_KEPT, MOST = 30 * 86400, 10000000  -- as in protocol.ties
local LOOKED_THROUGH = 1048576  -- bytes; what is longer is wrapped unseen: Redis serves nobody else while it looks

local function said_in(payload)
  if not payload:find('"resqued"', 1, true) then return {} end
  local is_read, job = pcall(cjson.decode, payload)
  local said = is_read and type(job) == 'table' and job.resqued
  return type(said) == 'table' and said or {}
end

local function is_name(text)
  return type(text) == 'string' and #text == 32 and not text:find('[^0-9a-f]')
end

local function is_count(number, least, most)
  return type(number) == 'number' and number >= least and number <= most and number % 1 == 0
end

local function ties_of(said, k, failed)
  local facts = {failed = failed, queue = k.prefix, queues = k.queues, who = k.who}
  facts.failed_list, facts.failures = k.failed, k.failures
  if is_name(said.id) and is_count(said.keep, 1, LONGEST_KEPT) then
    facts.result, facts.keep = k.own .. 'result:' .. said.id, said.keep
  end
  if is_name(said.batch) and is_count(said.number, 0, MOST - 1) then
    facts.batch, facts.number = k.own .. 'batch:' .. said.batch, said.number
  end
  return facts
end

-- A payload as text of which it can be made again: if it is no UTF-8, each byte beyond ASCII becomes \xff or the like;
-- and so that nothing else looks like that, the backslash of each \x becomes \x5c.
local function as_text(payload)
  local text = payload:gsub('\\x', '\\x5cx')
  if is_utf8(payload) then return text end
  local escapes = {}
  for byte = 128, 255 do escapes[string.char(byte)] = escaped(string.char(byte)) end
  return (text:gsub('[\128-\255]', escapes))
end

-- The payload for an entry, all of it, and whether it is wrapped: that of a job may look like that. White space around
-- an object would be lost to whoever reads the entry.
local function preserved(payload)
  local is_fit, class = judged(payload, LOOKED_THROUGH)
  if is_fit and payload:find('^{.*}$') then return payload, 'false' end
  return wrapped(class or class_at_first_sight(payload), as_text(payload)), 'true'
end

local function record_as_dropped(queue, payload, error, k)
  local shown, is_wrapped = preserved(payload)
  redis.call('RPUSH', k.failed, '{"failed_at":' .. quoted(k.date) .. ',"payload":' .. shown
    .. ',"exception":' .. quoted(k.exception) .. ',"error":' .. quoted(error) .. ',"backtrace":[],"worker":'
    .. quoted(k.who) .. ',"queue":' .. quoted(queue) .. ',"wrapped":' .. is_wrapped .. '}')
  redis.pcall('INCR', k.failures)
  redis.pcall('HINCRBY', k.dropped, queue, 1)
end

local function unlock(queue, payload, said, k)
  if type(said.lock) ~= 'string' or said.lock:find('[^0-9a-f]') then return end
  local lock = k.own .. 'lock:' .. said.lock
  local of = redis.call('HMGET', lock, 'queue', 'payload')
  if of[1] == queue and of[2] == payload then redis.call('DEL', lock) end
end

local function drop(queue, payload, error, k)
  record_as_dropped(queue, payload, error, k)
  local failed = '{"outcome":"failed","exception":' .. quoted(k.exception) .. ',"error":' .. quoted(error) .. '}'
  local said = said_in(payload)
  pcall(unlock, queue, payload, said, k)
  pcall(endings().take_note, ties_of(said, k, failed), 'failed')
end
