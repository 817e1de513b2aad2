-- Look at queues, and leave them as they are.
--
-- KEYS     1 resqued:<namespace>:paused, 2 resqued:<namespace>:aside, 3 resqued:<namespace>:dropped, 4
--          resqued:<namespace>:slowed, 5… queue:<name>
-- ARGV     1 the longest head to return, in bytes: the answer for many queues must not be huge, 2… the queues' names
-- Returns  of each queue: how many jobs it has (-1: its key is no list), its head ('': none, or too long), since when
--          it is paused ('': it is not), how many of its jobs wait aside, how many were ever dropped, until
--          when (epoch s) it gives none because of its rate ('': none of that)

local function text(value)
  return type(value) == 'string' and value or ''
end

local seen = {}
for i = 2, #ARGV do
  local jobs = redis.pcall('LLEN', KEYS[i + 3])
  local head = text(redis.pcall('LINDEX', KEYS[i + 3], 0))
  seen[#seen + 1] = type(jobs) == 'number' and jobs or -1
  seen[#seen + 1] = #head <= tonumber(ARGV[1]) and head or ''
  for facts = 1, 4 do seen[#seen + 1] = text(redis.pcall('HGET', KEYS[facts], ARGV[i])) end
end
return seen
