-- Entries of a failed list that somebody has read and chosen, found again by their text: meanwhile others may have
-- pushed, removed or marked some.
--
-- places(list, first, count, texts): where each of `texts` stands now, looked for at `count` places from `first` on:
-- an index, or false. Each place is found once: of two equal texts each has its own.
--
-- take_out(list, taken, tombstone): remove what stands at the indices `taken`, which it sorts. The tombstone is a text
-- that is nowhere in the list; nobody else ever sees it. An index is reached, and the tombstones are found, from the
-- nearer end: near an end, where most of the work is, that costs next to nothing. What stands at the head, with nothing
-- in between, goes without: a Redis that has no memory left does not let anybody set an entry.

local function places(list, first, count, texts)
  local standing = {}
  for offset, text in ipairs(redis.call('LRANGE', list, first, first + count - 1)) do
    standing[text] = standing[text] or {}
    table.insert(standing[text], first + offset - 1)
  end
  local found = {}
  for i, text in ipairs(texts) do
    local all = standing[text]
    found[i] = all and table.remove(all, 1) or false
  end
  return found
end

local function take_out(list, taken, tombstone)
  if #taken == 0 then return end
  table.sort(taken)  -- somebody may have turned the list meanwhile
  if taken[#taken] == #taken - 1 then return redis.call('LTRIM', list, #taken, -1) end
  local length = redis.call('LLEN', list)
  for _, index in ipairs(taken) do
    redis.call('LSET', list, index * 2 > length and index - length or index, tombstone)
  end
  local from_tail = taken[1] > length - 1 - taken[#taken]
  redis.call('LREM', list, from_tail and -#taken or #taken, tombstone)
end
