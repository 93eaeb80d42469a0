import { PRELUDE_WHEN_FULL } from './parts.js';

/**
 * Leases the first jobs to workers.
 * ARGV for each group of equal takes: worker, how many, classes by bits (1 vm, 2 rollup, 4 gpu).
 * Reply for each group: token, data, producer of each lease, one after the other.
 */
export const TAKE_JOBS = `${PRELUDE_WHEN_FULL}
local now = nowMs()
local paused = {}
for _, class in ipairs(CLASSES) do paused[class] = call('HEXISTS', keyOf(class, 'meta'), 'paused') == 1 end

-- Lua compares strings by the server's locale; these begin with digits of one length, which every locale orders alike.
local function isBefore(a, b)
  if a.age ~= b.age then return a.age < b.age end
  return a.place < b.place
end

-- The first waiting jobs of these classes.
local function headsOf(mask, wanted)
  local heads, sources = {}, 0
  for index, class in ipairs(CLASSES) do
    if bit.band(mask, 2 ^ (index - 1)) ~= 0 and not paused[class] then
      local range = call('ZRANGE', own('order:' .. class), 0, wanted - 1, 'WITHSCORES')
      if #range > 0 then sources = sources + 1 end
      for at = 1, #range, 2 do
        heads[#heads + 1] = { class = class, place = range[at], age = tonumber(range[at + 1]) }
      end
    end
  end
  if sources > 1 then table.sort(heads, isBefore) end
  return heads
end

-- Leases these to a worker, at most so many. What an operator took away with BullMQ's tools still stands in our line, and
-- is skipped.
local function lease(heads, worker, wanted, leases, reply)
  local token = call('INCRBY', own('counter'), #heads) - #heads
  local skipped = 0
  for _, head in ipairs(heads) do
    if #leases == 2 * wanted then break end
    local id = string.sub(head.place, 38)
    local key = keyOf(head.class, id)
    call('ZREM', own('order:' .. head.class), head.place)
    if call('ZREM', keyOf(head.class, 'prioritized'), id) == 1 then
      token = token + 1
      local job = call('HMGET', key, 'data', 'rt')
      call('HSET', key, 'token', token, 'pb', worker, 'processedOn', now)
      call('LPUSH', keyOf(head.class, 'active'), id)
      leases[#leases + 1] = token
      leases[#leases + 1] = head.class .. ':' .. id
      reply[#reply + 1] = token
      reply[#reply + 1] = job[1]
      reply[#reply + 1] = job[2]
    else
      skipped = skipped + 1
    end
  end
  return skipped
end

local replies = {}
for at = 1, #ARGV, 3 do
  local worker, wanted, mask = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local leases, reply = {}, {}
  local skipped
  repeat
    skipped = 0
    local heads = headsOf(mask, wanted - #leases / 2)
    if #heads > 0 then skipped = lease(heads, worker, wanted, leases, reply) end
  until skipped == 0 or #leases == 2 * wanted
  if #leases > 0 then
    call('HSET', own('leases:' .. worker), unpack(leases))
    call('SADD', own('holders'), worker)
  end
  replies[#replies + 1] = reply
end
return replies
`;
