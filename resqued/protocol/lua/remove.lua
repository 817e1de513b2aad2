-- with: chosen.lua
--
-- Remove entries from a failed list.
--
-- KEYS     1 a failed list
-- ARGV     1 index where the caller had begun to read, 2 how many entries it read there, 3 a text that is nowhere in
--          the list, 4… the texts of those to remove, in the order of the list
-- Returns  for each of them 1, or 0 if it is not there any more
-- Repeated: they are not there any more, 0.

local texts, answer, taken = {}, {}, {}
for i = 4, #ARGV do texts[#texts + 1] = ARGV[i] end
for i, place in ipairs(places(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), texts)) do
  if place then taken[#taken + 1] = place end
  answer[i] = place and 1 or 0
end
take_out(KEYS[1], taken, ARGV[3])
return answer
