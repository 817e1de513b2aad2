-- is_leader(ruby, node, who, lease): whether `who` holds both locks by which schedulers elect a leader; each then lasts
-- for `lease` ms from now. resque-scheduler knows one of them, node-resque the other: who has both leads them all.

local function is_leader(ruby, node, who, lease)
  if redis.pcall('GET', ruby) ~= who or redis.pcall('GET', node) ~= who then return false end
  redis.call('PEXPIRE', ruby, lease)
  redis.call('PEXPIRE', node, lease)
  return true
end
