-- with: kinds.lua, leading.lua
--
-- Enqueue a job that comes again and again, once for each tick in the whole fleet: whoever finds that the last tick is
-- another one than it thought has been late, and nothing is done.
--
-- KEYS     1 resqued:<namespace>:ticks, 2 resqued:<namespace>:disabled, 3 queues, 4 queue:<queue>,
--          5 delayed:last_enqueued_at, 6 failed, 7 stat:failed, and, if only a leader may do this, 8 resque-scheduler's
--          lock, 9 node-resque's
-- ARGV     1 the name under which its ticks are kept, 2 the last tick as we know it ('': none), 3 the last one from now
--          on, 4 for how long all ticks are kept (s), 5 how many jobs, 6 the queue, 7 the payload, 8 its name, 9 now, as
--          Ruby writes it, 10 an entry for the failed list, if nothing else can be done, or '', and for a leader
--          11 who we are, 12 for how long the locks last (ms)
-- Returns  {what, the last tick}: what is
--            ticked    now, by this call
--            begun     nobody had known of it, and it begins to count from now
--            other     somebody else has dealt with that tick
--            disabled  an operator does not want it; the tick is over
--            deposed   we do not lead, and nothing was done
--            refused   there is no list where the queue should be, and nothing was done
-- Repeated: somebody else has dealt with it, other.

local name, known, new, jobs = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])

local function keep()
  redis.call('HSET', KEYS[1], name, new)
  redis.call('EXPIRE', KEYS[1], ARGV[4])
end

if KEYS[8] and not is_leader(KEYS[8], KEYS[9], ARGV[11], ARGV[12]) then return {'deposed', known} end
local last = redis.call('HGET', KEYS[1], name) or known
if last ~= known then return {'other', last} end
if known == '' then
  keep()
  return {'begun', new}
end
if redis.pcall('HEXISTS', KEYS[2], ARGV[8]) == 1 then
  keep()
  return {'disabled', new}
end
if jobs > 0 and not is(KEYS[4], 'list') then
  if ARGV[10] == '' or not is(KEYS[6], 'list') then return {'refused', known} end
  redis.call('RPUSH', KEYS[6], ARGV[10])
  redis.pcall('INCR', KEYS[7])
  jobs = 0
end
keep()
if jobs > 0 then
  redis.pcall('SADD', KEYS[3], ARGV[6])
  for _ = 1, jobs do redis.call('RPUSH', KEYS[4], ARGV[7]) end
  redis.pcall('HSET', KEYS[5], ARGV[8], ARGV[9])
end
return {'ticked', new}
