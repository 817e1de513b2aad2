-- with: ending.lua
--
-- Begin a batch: say how many jobs it has, before the first of them is put on a queue.
--
-- KEYS     1 resqued:<namespace>:batch:<id>, 2 queues
-- ARGV     1 how many jobs, 2 how long it is remembered (s), 3 the queue of its callback, 4 the callback's payload
--          ('': none), 5 what comes before a queue's name in its key
-- Repeated: the same again; of a batch without jobs the callback is enqueued once.

if redis.call('HSETNX', KEYS[1], 'total', ARGV[1]) == 0 then return end
redis.call('HSET', KEYS[1], 'left', ARGV[1], 'failed', 0, 'expires', ARGV[2], 'queue', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'payload', ARGV[4]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
if tonumber(ARGV[1]) > 0 then return end
redis.call('RPUSH', KEYS[1] .. ':over', 'over')
redis.call('EXPIRE', KEYS[1] .. ':over', ARGV[2])
endings().call_back({batch = KEYS[1], queue = ARGV[5], queues = KEYS[2]}, ARGV[3], ARGV[4] ~= '' and ARGV[4])
