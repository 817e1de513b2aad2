-- is(key, kind): whether there is a list, a set, … at this key, or nothing, so that no command on it will be refused.

local function is(key, kind)
  local found = redis.call('TYPE', key).ok
  return found == kind or found == 'none'
end
