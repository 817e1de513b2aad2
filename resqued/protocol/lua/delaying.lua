-- with: kinds.lua
--
-- delay(prefix, earlier, epoch, item): keep a job until `epoch` (a whole number, s), in the keys of resque-scheduler 5:
--
--   <prefix>delayed_queue_schedule  zset   every epoch at which something is due, scored with itself
--   <prefix>delayed:<epoch>         list   what is due then, in the order in which it came, each an item:
--                                          {"class":…,"args":[…],"queue":…} (`protocol.delayed`)
--   <prefix>timestamps:<item>       set    every delayed:<epoch> where this very item lies, without prefix
--
-- `earlier` is the key that wakes a scheduler of ours: it gets one element when nothing else is due as soon.
-- Returns nil; or a key that has another type than it should: then nothing was done. The set is only an index, and
-- may fail.
-- Repeated: keeps another one.

local KEPT = 60  -- s: if no scheduler of ours waits for it, it goes; who starts one later looks first, and then waits

local function wake(earlier)
  if redis.call('EXISTS', earlier) == 1 then return end
  redis.call('RPUSH', earlier, 'earlier')
  redis.call('EXPIRE', earlier, KEPT)
end

local function delay(prefix, earlier, epoch, item)
  local schedule, due, place = prefix .. 'delayed_queue_schedule', 'delayed:' .. epoch, prefix .. 'delayed:' .. epoch
  if not is(schedule, 'zset') then return schedule end
  if not is(place, 'list') then return place end
  local first = redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', schedule, epoch, epoch)  -- first: what is not in here is never found again
  redis.call('RPUSH', place, item)
  redis.pcall('SADD', prefix .. 'timestamps:' .. item, due)
  if not first or tonumber(first) > tonumber(epoch) then wake(earlier) end
end
