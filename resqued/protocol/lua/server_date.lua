-- server_date(): the server's clock as 2026-11-23T07:00:00Z, the one form of a heartbeat that every peer parses. All
-- hosts of a fleet agree on it, whatever their own clocks say.

local function civil(days)  -- days since 1970-01-01 → year, month, day (proleptic Gregorian)
  local shifted = days + 719468
  local era = math.floor(shifted / 146097)
  local day_of_era = shifted - era * 146097
  local leap_days = math.floor(day_of_era / 1460) - math.floor(day_of_era / 36524) + math.floor(day_of_era / 146096)
  local year_of_era = math.floor((day_of_era - leap_days) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local shifted_month = math.floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - math.floor((153 * shifted_month + 2) / 5) + 1
  local month = shifted_month < 10 and shifted_month + 3 or shifted_month - 9
  return year_of_era + era * 400 + (month <= 2 and 1 or 0), month, day
end

local function iso(now)  -- seconds since 1970-01-01
  local year, month, day = civil(math.floor(now / 86400))
  local hour, minute = math.floor(now / 3600) % 24, math.floor(now / 60) % 60
  return string.format('%04d-%02d-%02dT%02d:%02d:%02dZ', year, month, day, hour, minute, now % 60)
end

local function server_date()
  return iso(tonumber(redis.call('TIME')[1]))
end
