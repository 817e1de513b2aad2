-- with: kinds.lua, asides.lua
--
-- How many jobs run at a time for one limit, and whose turn is next. A limit's name says what its jobs have in common.
--
-- The keys of each: <limits>:held:<name>, a hash: id of a worker → the run that it performs under this limit;
-- <limits>:aside:<name>, a list of the jobs that wait for their turn; <limits>:called:<name>, a list of those of them
-- that are on their queues again because it is their turn, each with the time at which it was called. <limits> itself
-- is a hash: name → how many at a time, as long as any of these exists.
--
-- A job that is called has its place: of held and called together there are never more than may be at a time. So
-- nobody overtakes it on its way from its queue to a worker, and jobs of one limit begin in the order in which they
-- came, as far as their workers are equally fast.
--
-- take(…): whether a job may begin. put_aside(…): it waits. pass(…): it does not begin, for another reason. call_up(…):
-- whoever has come to his turn goes back to the head of his queue. let_go(…): a job under this limit has ended. keep(…):
-- it goes back to its queue unfinished, and is called again before all others.
--
-- All of them are made by turns_of(store), so that a script which needs none pays for none. `store`: the keys of limits,
-- asides and queues, and what comes before a queue's name in its key (prefix).

local function turns_of(store)
  local function keys_of(name)
    local prefix = store.limits .. ':'
    return prefix .. 'held:' .. name, prefix .. 'aside:' .. name, prefix .. 'called:' .. name
  end

  local function entry_of(queue, payload)
    return #queue .. ':' .. queue .. payload
  end

  local function parts_of(entry)  -- queue, payload
    local digits = entry:match('^(%d+):')
    local first = #digits + 2
    return entry:sub(first, first + digits - 1), entry:sub(first + digits)
  end

  local function called_at(called)  -- time, entry
    local seconds, entry = called:match('^(%d+) (.*)$')
    return tonumber(seconds), entry
  end

  local function seconds()
    return tonumber(redis.call('TIME')[1])
  end

  -- Behind those that were called before it and are still there: these are near the head.
  local function place_on(queue_key, queue, called)
    if #called == 0 then return 0 end
    local theirs, place = {}, 0
    for _, one in ipairs(called) do
      local _, entry = called_at(one)
      local of, payload = parts_of(entry)
      if of == queue then theirs[payload] = (theirs[payload] or 0) + 1 end
    end
    for i, payload in ipairs(redis.call('LRANGE', queue_key, 0, 2 * #called + 16)) do
      if (theirs[payload] or 0) > 0 then
        theirs[payload], place = theirs[payload] - 1, i
      end
    end
    return place
  end

  local function insert(queue_key, place, payload)
    local before = place > 0 and redis.call('LRANGE', queue_key, 0, place - 1) or {}
    if place > 0 then redis.call('LTRIM', queue_key, place, -1) end
    redis.call('LPUSH', queue_key, payload)
    for i = #before, 1, -1 do redis.call('LPUSH', queue_key, before[i]) end
  end

  local function one_less(queue)
    count_aside(store.asides, queue, -1)
  end

  local function free(name)
    local held, _, called = keys_of(name)
    local most = tonumber(redis.call('HGET', store.limits, name)) or 1
    return most - redis.call('HLEN', held) - redis.call('LLEN', called)
  end

  local function forget_if_unused(name)
    if redis.call('EXISTS', keys_of(name)) == 0 then redis.call('HDEL', store.limits, name) end
  end

  local function call_up(name)
    local _, aside, called = keys_of(name)
    for _ = 1, free(name) do
      local entry = redis.call('LINDEX', aside, 0)
      if not entry then break end
      local queue, payload = parts_of(entry)
      local queue_key = store.prefix .. queue
      if not is(queue_key, 'list') then break end  -- until somebody has put that right
      insert(queue_key, place_on(queue_key, queue, redis.call('LRANGE', called, 0, -1)), payload)
      redis.pcall('SADD', store.queues, queue)
      redis.call('RPUSH', called, seconds() .. ' ' .. entry)
      redis.call('LPOP', aside)
      one_less(queue)
    end
  end

  local function asides_of(name)
    local _, aside = keys_of(name)
    return aside
  end

  local function put_aside(name, queue, payload)
    local aside = asides_of(name)
    redis.call('RPUSH', aside, entry_of(queue, payload))
    count_aside(store.asides, queue, 1)
  end

  -- Whether it had been called, which it is no longer.
  local function has_come(name, queue, payload)
    local _, _, called = keys_of(name)
    local wanted = entry_of(queue, payload)
    for _, one in ipairs(redis.call('LRANGE', called, 0, -1)) do
      local _, entry = called_at(one)
      if entry == wanted then return redis.call('LREM', called, 1, one) == 1 end
    end
    return false
  end

  -- Whether it is the turn of a job that a worker has taken; then its place is held from now on.
  local function take(name, most, id, run, queue, payload)
    redis.call('HSET', store.limits, name, most)
    call_up(name)  -- it may have been less
    local held, aside = keys_of(name)
    local is_its_turn = has_come(name, queue, payload) or (free(name) > 0 and redis.call('EXISTS', aside) == 0)
    if is_its_turn then redis.call('HSET', held, id, run) end
    return is_its_turn
  end

  -- A job that a worker has taken does not begin, for another reason: if it had been called, another one is.
  local function pass(name, queue, payload)
    if has_come(name, queue, payload) then call_up(name) end
    forget_if_unused(name)
  end

  local function let_go(name, id)
    local held = keys_of(name)
    redis.call('HDEL', held, id)
    call_up(name)
    forget_if_unused(name)
  end

  local function keep(name, id, queue, payload)
    local held, _, called = keys_of(name)
    redis.call('HDEL', held, id)
    redis.call('LPUSH', called, seconds() .. ' ' .. entry_of(queue, payload))
  end

  return {
    keys_of = keys_of,
    entry_of = entry_of,
    parts_of = parts_of,
    called_at = called_at,
    seconds = seconds,
    one_less = one_less,
    free = free,
    forget_if_unused = forget_if_unused,
    call_up = call_up,
    put_aside = put_aside,
    asides_of = asides_of,
    take = take,
    pass = pass,
    let_go = let_go,
    keep = keep,
  }
end
