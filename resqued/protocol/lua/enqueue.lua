-- with: dropping.lua, holding.lua
--
-- Put many jobs at the ends of queues, in this order: as many as there is room for, or, if a key is not what it should
-- be, none. Of those of which there may be one only, each gets its lock, or is passed over because somebody has it.
--
-- KEYS     1 queues, 2 resqued:<namespace>:receipt:<name>, 3 resqued:<namespace>:aside, 4 resqued:<namespace>:room,
--          5 resqued:<namespace>:dropped, 6 failed, 7 stat:failed, 8 resqued:<namespace>:workers, 9… queue:<queue>, each
--          once; then, with locks, that of each job
-- ARGV     1 how long the receipt lives (s), 2 who enqueues, 3 the date, 4 the exception of a job that is dropped,
--          5 until when (epoch s) the caller waits if there is no room (0: it does not), 6 1 if it must be all or none,
--          7, 8, 9, 10 what comes before a queue's name in its key, before the names of our own keys, before a worker's
--          id in that of its slate, and before an item in that of its timestamps; 11 for how long there may be no second
--          one of each job (queued, unfinished, period; '': there are no locks), 12 s that a lock lives, 13 how many
--          queues there are, 14… of each, in the order of KEYS: its name, the most jobs that may be on it (-1: any
--          number), 1 if the oldest make room for new ones; then for each job the number of its queue among them (from
--          1), its text, what the receipt shall say once it is there ('': there is none), and what its lock is about
-- Returns  {how many were put or passed over, how many were dropped for them; then, with locks, of each of those since
--          when its lock is held, and where its job is: '' and '' if it was put}; {0, 0, the number of a queue that is
--          full, how many jobs it has}; or a key that has another type than it should, and nothing was done
-- Repeated: the receipt says what is there already, which is returned; with locks they are held, by the first call's.
--
-- A job that waits aside counts as one on its queue. One that is dropped has failed (dropping.lua).

local FIRST_KEY, FIRST_NAME, OF_QUEUE, OF_JOB = 9, 14, 3, 4  -- where the queues begin, and how many texts each has
local COUNT, SCOPE = tonumber(ARGV[13]), ARGV[11]
local FIRST_JOB = FIRST_NAME + OF_QUEUE * COUNT
local JOBS = (#ARGV - FIRST_JOB + 1) / OF_JOB
local K = {
  queues = KEYS[1], dropped = KEYS[5], failed = KEYS[6], failures = KEYS[7], registrations = KEYS[8],
  who = ARGV[2], date = ARGV[3], exception = ARGV[4],
  prefix = ARGV[7], own = ARGV[8], slates = ARGV[9], timestamps = ARGV[10],
}

local function job(number)  -- its queue's number, text, mark, and what its lock is about
  local at = FIRST_JOB + OF_JOB * (number - 1)
  return tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
end

local function lock_of(number)
  return SCOPE ~= '' and KEYS[FIRST_KEY - 1 + COUNT + number]
end

local function wrong_key()
  for key, kind in pairs({[KEYS[1]] = 'set', [KEYS[4]] = 'zset', [KEYS[5]] = 'hash', [KEYS[6]] = 'list'}) do
    if not is(key, kind) then return key end
  end
  for number = 1, COUNT do
    if not is(KEYS[FIRST_KEY - 1 + number], 'list') then return KEYS[FIRST_KEY - 1 + number] end
  end
end

local function described()
  local queues = {}
  for number = 1, COUNT do
    local at = FIRST_NAME + OF_QUEUE * (number - 1)
    local name, most, drops = unpack(ARGV, at, at + OF_QUEUE - 1)
    local key = KEYS[FIRST_KEY - 1 + number]
    local queue = {key = key, name = name, most = tonumber(most), drops = drops == '1', room = math.huge, new = 0}
    if queue.most >= 0 then
      local aside = tonumber(redis.pcall('HGET', KEYS[3], name)) or 0
      queue.size = redis.call('LLEN', queue.key) + aside
      if not queue.drops then queue.room = queue.most - queue.size end
    end
    queues[number] = queue
  end
  return queues
end

-- Since when a lock is held, and where, also by one of these jobs.
local function held_by_another(lock, taken)
  if not lock then return end
  if taken[lock] then return server_date(), taken[lock] end
  if not is(lock, 'hash') then redis.call('DEL', lock) end
  return holder(K, lock)
end

-- How many of the jobs find room, or need none; for which the lock is held; and the number of the queue that has none.
local function fitting(queues)
  local held, taken = {}, {}
  for number = 1, JOBS do
    local at, lock = job(number), lock_of(number)
    local queue = queues[at]
    local since, where = held_by_another(lock, taken)
    if since then
      held[number] = {since, where}
    elseif queue.room < 1 then
      return number - 1, held, at
    else
      queue.room = queue.room - 1
      if lock then taken[lock] = queue.name end
    end
  end
  return JOBS, held
end

-- How many of the jobs were put by an earlier call, whose answer was lost: the receipt says what was said of the last.
local function already()
  local _, _, last = job(JOBS)
  local said = last ~= '' and redis.call('GET', KEYS[2])
  for number = 1, JOBS do
    local _, _, mark = job(number)
    if said == mark then return number end
  end
end

local function put(number, queue)
  local _, text, _, shown = job(number)
  if queue.new == 0 then redis.call('SADD', KEYS[1], queue.name) end
  redis.call('RPUSH', queue.key, text)
  queue.new = queue.new + 1
  local lock = lock_of(number)
  if lock then lock_for_queue({lock = lock, shown = shown, scope = SCOPE}, queue.name, text, '', ARGV[12]) end
end

local function make_room(queues)
  local dropped = 0
  for _, queue in ipairs(queues) do
    local error = 'dropped to make room: there were ' .. queue.most .. ' jobs on its queue, the most that may be there'
    for _ = 1, queue.drops and queue.size + queue.new - queue.most or 0 do
      local payload = redis.call('LPOP', queue.key)
      if not payload then break end
      drop(queue.name, payload, error, K)
      dropped = dropped + 1
    end
  end
  return dropped
end

local wrong = wrong_key()
if wrong then return wrong end
local there = already()
if there then return {there, 0} end
local queues = described()
local fit, held, full = fitting(queues)
if full and (fit == 0 or ARGV[6] == '1') then
  if tonumber(ARGV[5]) > 0 then
    redis.call('ZADD', KEYS[4], ARGV[5], queues[full].name)
    redis.call('EXPIREAT', KEYS[4], ARGV[5])
  end
  return {0, 0, full, queues[full].size}
end
local _, _, mark = job(math.max(fit, 1))
if fit > 0 and mark ~= '' then redis.call('SET', KEYS[2], mark, 'EX', ARGV[1]) end
local answer = {fit, 0}
for number = 1, fit do
  if not held[number] then
    put(number, queues[job(number)])
  elseif SCOPE ~= 'period' then
    renew(lock_of(number), ARGV[12])
  end
  if SCOPE ~= '' then
    local since, where = unpack(held[number] or {'', ''})
    answer[#answer + 1], answer[#answer + 2] = since, where
  end
end
answer[2] = make_room(queues)
return answer
