-- Cut a failed list to its limits: the oldest entries go, a bounded number of them at once.
--
-- KEYS     1 a failed list, 2 resqued:<namespace>:trim
-- ARGV     1 how many entries may stay, 2 how many s an entry may have stood there (0: no limit, of either), 3 how many
--          may go at once, 4 s for which nobody else need look, once there is nothing more to do (0: whoever asks may)
-- Returns  {how many went, how many are left, 1 if there are more to go}; {} if somebody has just looked
-- Repeated: what more there is to go, goes.
--
-- An entry goes by age only if all before it go, and one whose date cannot be read goes with the next that is too old.
-- A zone that only has a name is taken for the one in which it was latest: nothing goes too early.

local LATEST = 12 * 3600

local function days(year, month, day)  -- since 1970-01-01 (proleptic Gregorian)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

local function offset(zone)  -- s
  if zone == 'Z' or zone == 'UTC' or zone == 'GMT' then return 0 end
  local sign, hours, minutes = zone:match('^([+-])(%d%d):?(%d%d)$')
  if not sign then return -LATEST end
  return (tonumber(hours) * 60 + tonumber(minutes)) * (sign == '-' and -60 or 60)
end

local function failed_at(entry)
  local said = entry:match('^{"failed_at":"([^"]*)"')
  if not said then
    local ok, document = pcall(cjson.decode, entry)
    said = ok and type(document) == 'table' and document.failed_at
  end
  return type(said) == 'string' and said or ''
end

local function epoch(said)
  local year, month, day, hour, minute, second, zone =
    said:match('^(%d%d%d%d)[/-](%d%d)[/-](%d%d)[T ](%d%d):(%d%d):(%d%d)[%.%d]* ?(.*)$')
  if not year then return end
  local date = days(tonumber(year), tonumber(month), tonumber(day))
  return ((date * 24 + hour) * 60 + minute) * 60 + second - offset(zone)
end

local function too_old(list, most, limit)
  local count = 0
  for i, entry in ipairs(redis.call('LRANGE', list, 0, most - 1)) do
    local at = epoch(failed_at(entry))
    if at and at >= limit then break end
    if at then count = i end
  end
  return count
end

local most, age, at_once, pause = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if pause > 0 and redis.call('EXISTS', KEYS[2]) == 1 then return {} end
local length = redis.call('LLEN', KEYS[1])
local gone = most > 0 and math.min(at_once, math.max(0, length - most)) or 0
if gone < at_once and age > 0 then
  gone = math.max(gone, too_old(KEYS[1], at_once, tonumber(redis.call('TIME')[1]) - age))
end
if gone > 0 then redis.call('LTRIM', KEYS[1], gone, -1) end
if pause > 0 and gone < at_once then redis.call('SET', KEYS[2], '', 'EX', pause) end
return {gone, length - gone, gone == at_once and 1 or 0}
