-- with: locks.lua
--
-- unchanged(…): for how many seconds the heartbeat of a worker has been seen as it is now, by looks that follow closely
-- on each other. This is one of them.
--
-- sight(…): look for workers of ours whose heart has stopped, and for jobs that wait for nobody, once a minute in the
-- whole fleet. Returns {id, registration, heartbeat, id, …} of the dead; {} if somebody else is looking.
--
-- Who is to prune the dead holds Resque's own lock, so that of all who prune, ours and Ruby's, one does; and only then,
-- for a Ruby worker that finds it held when it starts never prunes again. `release.lua` gives it back.
--
-- A heartbeat that is old proves nothing by itself: after an outage of Redis, or a step of its clock, every heartbeat
-- is old. So a worker is dead when its heartbeat is old and was seen unchanged for at least so long that a living one
-- had beaten, by looks that follow closely on each other: between two that do not, Redis may have been away.

local AT_ONCE = 300  -- facts; Lua returns no more than some thousands, and the next look finds the rest

local function unchanged(sightings, id, beat, now, closely)
  local seen, first, last = (redis.call('HGET', sightings, id) or ''):match('^(%S+) (%d+) (%d+)$')
  if seen ~= beat or now < tonumber(last) or now - tonumber(last) > closely then first = now end
  redis.call('HSET', sightings, id, beat .. ' ' .. first .. ' ' .. now)
  return now - tonumber(first)
end

local function sight(looker, keys, limits)
  if not redis.call('SET', keys.look, looker, 'EX', limits.look_every, 'NX') then return {} end
  pcall(rouse_the_forgotten, keys.awaited)
  local now = tonumber(redis.call('TIME')[1])
  local old = iso(now - limits.old)

  local function is_dead(id, beat)
    return unchanged(keys.sightings, id, beat, now, limits.closely) >= limits.unchanged
  end

  local dead, registered = {}, redis.call('HGETALL', keys.registrations)
  for i = 1, #registered, 2 do
    local id, registration = registered[i], registered[i + 1]
    local beat = redis.call('HGET', keys.heartbeats, id)
    if not beat or beat >= old then
      redis.call('HDEL', keys.sightings, id)
    elseif #dead < AT_ONCE and is_dead(id, beat) then
      for _, fact in ipairs({id, registration, beat}) do dead[#dead + 1] = fact end
    end
  end
  redis.call('EXPIRE', keys.sightings, limits.closely)
  if #dead == 0 or not redis.call('SET', keys.prune_lock, looker, 'EX', limits.look_every, 'NX') then return {} end
  return dead
end
