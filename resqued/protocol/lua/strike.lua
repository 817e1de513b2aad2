-- Strike a dead worker of another implementation off, and fail its job, as a Ruby worker does when it prunes.
--
-- KEYS     1 workers, 2 worker:<id>, 3 worker:<id>:started, 4 stat:processed:<id>, 5 stat:failed:<id>,
--          6 workers:heartbeat, 7 resqued:<namespace>:workers, 8 failed
-- ARGV     1 id, 2 its heartbeat ('': none), 3 what it performs ('': nothing), 4 entry for the failed list
-- Returns  what became of its job: none, failed; or changed: the worker is not what the caller saw, and nothing was done
-- Repeated: it is registered no longer, changed.

local function is_as_seen()
  return redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1
    and redis.call('HEXISTS', KEYS[7], ARGV[1]) == 0
    and (redis.call('HGET', KEYS[6], ARGV[1]) or '') == ARGV[2]
    and (redis.call('GET', KEYS[2]) or '') == ARGV[3]
end

if not is_as_seen() then return 'changed' end
if ARGV[3] ~= '' then redis.call('RPUSH', KEYS[8], ARGV[4]) end
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[6], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
return ARGV[3] ~= '' and 'failed' or 'none'
