-- visible(payload): the text under which a payload is shown in `worker:<id>`, where peers read it.
--
-- The payload itself where it is harmless to every peer: a JSON object with a string `class` and an array `args`, at
-- most 90 levels deep, in UTF-8, with numbers that every peer can hold. What is not proven so is taken for harmful, and
-- shown as {"class":<its class>,"args":[<the raw text>]}. What has no class that we can make out, or is longer than
-- 64 KiB, is shown like that by its beginning: Redis serves nobody else while it looks.
--
-- The payload is never decoded and encoded again: that makes {} of [] and floats of integers.
-- Most patterns are `^[…]*$`: one run over the text, in C. An unanchored one starts anew at each byte: 5 times slower.

local SHOWN_WHOLE = 65536
local SHOWN_OF_MORE = 1024
local NESTING = 90

local function is_ascii(text)
  return text:find('^[^\128-\255]*$') ~= nil
end

-- Every whole character becomes a space (not nothing: its neighbours must not meet), until nothing else is left.
-- The characters that are not ASCII, by their first bytes (RFC 3629, section 4): no overlong forms, no surrogates,
-- nothing above U+10FFFF. Hardly any text needs them, so they are made here: this runs for each job.
local function is_utf8(text)
  if is_ascii(text) then return true end
  local characters = {
    '[\194-\223][\128-\191]',
    '[\225-\236\238\239][\128-\191][\128-\191]',
    '\240[\144-\191][\128-\191][\128-\191]',
    '\224[\160-\191][\128-\191]',
    '\237[\128-\159][\128-\191]',
    '[\241-\243][\128-\191][\128-\191][\128-\191]',
    '\244[\128-\143][\128-\191][\128-\191]',
  }
  text = text:gsub('[^\128-\255]+', ' ')
  for _, character in ipairs(characters) do
    text = text:gsub(character, ' ')
    if is_ascii(text) then return true end
  end
  return false
end

-- A decoder of our own, because the settings of the common one are those of all scripts of this server. Told so, it
-- refuses NaN, Infinity, 0x1F, 01 and what is nested too deep. What else cjson takes for JSON is looked for below.
local function decoded(payload)
  local json = cjson.new()
  json.decode_invalid_numbers(false)
  json.decode_max_depth(NESTING)
  local ok, job = pcall(json.decode, payload)
  return ok and type(job) == 'table' and job or {}
end

-- cjson takes control characters inside of strings, and a NUL for the end of the text.
local function has_odd_characters(payload, unescaped)
  if payload:find('^[\32-\255]*$') then return false end
  if payload:find('%z') then return true end
  for text in unescaped:gmatch('"([^"]*)"') do  -- there are some, but between strings a line break or a tab is JSON
    if text:find('[\1-\31]') then return true end
  end
  return false
end

-- `bare` is a payload that cjson took, without its strings: brackets, commas, colons, true, false, null and numbers. So
-- there is something before and after each number.
local function has_odd_numbers(bare)
  if not bare:find('%d') then return false end
  local digits = ('%d'):rep(19)
  local odd_numbers = {
    '%.%D',  -- 1. or 1.e5: no digit after the point
    '%D%.',  -- -.5: no digit before the point
    '[eE]%+?%d%d%d',  -- an exponent of 100 or more: some are infinity (a negative one is zero at worst)
    '[^%d%.]' .. digits .. '%d',  -- 20 digits or more, not behind a point: some exceed 64 bits
    '%-' .. digits,  -- the same of 19 digits, if negative
  }
  for _, odd in ipairs(odd_numbers) do
    if bare:find(odd) then return true end
  end
  return false
end

-- cjson makes the same of [] and {}. So if there is nothing in `args`, and {} somewhere in the text, something is put
-- into every [] of it.
local function has_array(job, payload)
  if type(job.args) == 'table' and next(job.args) == nil then
    if not payload:find('{[ \t\r\n]*}') then return true end
    job = decoded((payload:gsub('%[[ \t\r\n]*%]', '[0]')))
  end
  return type(job.args) == 'table' and job.args[1] ~= nil
end

-- The page of resque-web asks the first argument of ActiveJob's wrapper for its job_class, and fails if there is none.
local function breaks_resque_web(job)
  if job.class ~= 'ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper' then return false end
  local first = job.args[1]
  return type(first) ~= 'table' or first[1] ~= nil or next(first) == nil
end

local function is_harmless(job, payload)
  if not has_array(job, payload) or breaks_resque_web(job) then return false end
  local unescaped = payload:find('\\', 1, true) and payload:gsub('\\.', '') or payload
  return not has_odd_characters(payload, unescaped) and not has_odd_numbers((unescaped:gsub('"[^"]*"', '')))
end

local function quoted(text)
  return (cjson.encode(text):gsub('\\/', '/'))
end

local function wrapped(class, text)
  return '{"class":' .. quoted(class) .. ',"args":[' .. quoted(text) .. ']}'
end

local function class_at_first_sight(payload)
  return payload:match('^{"class": ?"([%w_:%.]+)"') or 'InvalidPayload'
end

local function escaped(byte)
  return string.format('\\x%02x', byte:byte())
end

local function beginning(text)
  if #text > SHOWN_OF_MORE then
    local whole_characters = text:sub(1, SHOWN_OF_MORE):gsub('[\192-\255][\128-\191]*$', '')
    text = whole_characters .. ' ... (' .. #text .. ' bytes)'
  end
  return is_utf8(text) and text or text:gsub('[\128-\255]', escaped)
end

-- Whether a payload of at most so many bytes is harmless; and the class that it names, if we can make that out.
local function judged(payload, most)
  local job = #payload <= most and decoded(payload) or {}
  if type(job.class) ~= 'string' or job.class == '' or not is_utf8(payload) then return false end
  return is_harmless(job, payload), job.class
end

local function visible(payload)
  local is_shown, class = judged(payload, SHOWN_WHOLE)
  if is_shown then return payload end
  return class and wrapped(class, payload) or wrapped(class_at_first_sight(payload), beginning(payload))
end
