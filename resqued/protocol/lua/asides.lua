-- count_aside(asides, queue, by): so many more jobs of a queue wait aside, or fewer. People read it: whatever stands on
-- that key keeps nothing else from being done.

local function count_aside(asides, queue, by)
  local count = redis.pcall('HINCRBY', asides, queue, by)
  if type(count) == 'number' and count <= 0 then redis.call('HDEL', asides, queue) end
end
