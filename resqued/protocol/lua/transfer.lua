-- Move jobs from the head of one queue to the end of another, in their order. Each is on one of the two at any instant.
--
-- KEYS     1 queue:<from>, 2 queue:<to>, 3 queues
-- ARGV     1 how many at most, 2 the name of the queue that they go to
-- Returns  how many were moved
-- Repeated: moves as many again; the caller counts what is left to move.

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SADD', KEYS[3], ARGV[2])
local moved = 0
while moved < tonumber(ARGV[1]) and redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT') do
  moved = moved + 1
end
return moved
