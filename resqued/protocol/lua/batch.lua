-- with: ending.lua
--
-- Begin a batch: say how many jobs it has, before the first of them is put on a queue.
--
-- KEYS     1 resqued:<namespace>:batch:<id>, 2 queues, 3 queue:<its callback's>, if it has one
-- ARGV     1 how many jobs, 2 how long it is remembered after the last end (s), 3 the queue of its callback, 4 the
--          callback's payload ('': none), 5 what comes before a queue's name in its key, 6 s until the last of its jobs
--          is due
-- Returns  nothing; or the key of its callback's queue, if that is no list, and nothing was done
-- Repeated: the same again; of a batch without jobs the callback is enqueued once.

local batch, total, expires, queue, payload = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('HEXISTS', batch, 'total') == 1 then return end
if KEYS[3] and not is(KEYS[3], 'list') then return KEYS[3] end
redis.call('HSET', batch, 'total', total, 'left', total, 'failed', 0, 'expires', expires, 'queue', queue)
if payload ~= '' then redis.call('HSET', batch, 'payload', payload) end
local its = endings()
if tonumber(total) > 0 then return its.keep_open(batch, expires, ARGV[6]) end
redis.call('RPUSH', batch .. ':over', 'over')
if payload ~= '' then its.call_back({batch = batch, queue = ARGV[5], queues = KEYS[2]}, queue, payload) end
its.keep_over(batch, expires)
