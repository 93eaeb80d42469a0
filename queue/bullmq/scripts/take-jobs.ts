import { PRELUDE_WHEN_FULL } from './parts.js';

/**
 * Leases the first jobs to workers.
 * ARGV: system; then for each group of equal takes: worker, how many, classes by bits (1 vm, 2 rollup, 4 gpu).
 * Reply for each group: token, data, producer of each lease, one after the other.
 */
export const TAKE_JOBS = `${PRELUDE_WHEN_FULL}
local now = nowMs()
local LINES = {}
for _, class in ipairs(CLASSES) do LINES[class] = own('order:' .. class .. ':' .. ARGV[1]) end
local paused = {}
for _, class in ipairs(CLASSES) do paused[class] = call('HEXISTS', keyOf(class, 'meta'), 'paused') == 1 end

-- Lua compares strings by the server's locale; these begin with digits of one length, which every locale orders alike.
local function isBefore(a, b)
  if a.age ~= b.age then return a.age < b.age end
  return a.place < b.place
end

-- The first waiting jobs of these classes, at most so many.
local function headsOf(mask, wanted)
  local heads, sources = {}, 0
  for index, class in ipairs(CLASSES) do
    if bit.band(mask, 2 ^ (index - 1)) ~= 0 and not paused[class] then
      local range = call('ZRANGE', LINES[class], 0, wanted - 1, 'WITHSCORES')
      if #range > 0 then sources = sources + 1 end
      for at = 1, #range, 2 do
        heads[#heads + 1] = {
          class = class, id = string.sub(range[at], 38), place = range[at], age = tonumber(range[at + 1]),
        }
      end
    end
  end
  if sources > 1 then table.sort(heads, isBefore) end
  for at = #heads, wanted + 1, -1 do heads[at] = nil end
  return heads
end

local function pluck(heads, field)
  local values = {}
  for index, head in ipairs(heads) do values[index] = head[field] end
  return unpack(values)
end

-- Moves jobs of one class from the line to the active ones, and marks them. What an operator took away with BullMQ's tools
-- still stood in our line, and is dropped.
local function activate(class, heads)
  call('ZREM', LINES[class], pluck(heads, 'place'))
  local there = {}
  for index, score in ipairs(call('ZMSCORE', PRIORITIZED[class], pluck(heads, 'id'))) do
    if score then there[#there + 1] = heads[index] end
  end
  if #there == 0 then return end
  call('ZREM', PRIORITIZED[class], pluck(there, 'id'))
  call('LPUSH', ACTIVE[class], pluck(there, 'id'))
  for _, head in ipairs(there) do head.isActive = true end
end

-- Adds the first jobs of these classes to those taken. Whether one was dropped, and another may take its place.
local function takeInto(taken, mask, wanted)
  local heads = headsOf(mask, wanted - #taken)
  local byClass = {}
  for _, head in ipairs(heads) do
    local alike = byClass[head.class] or {}
    byClass[head.class] = alike
    alike[#alike + 1] = head
  end
  for class, alike in pairs(byClass) do activate(class, alike) end
  local before = #taken
  for _, head in ipairs(heads) do
    if head.isActive then taken[#taken + 1] = head end
  end
  return #taken - before < #heads
end

-- Leases jobs that are active now. Each command is one for all of them where it can be.
local function lease(worker, jobs, reply)
  local leases = {}
  local token = call('INCRBY', own('counter'), #jobs) - #jobs
  for index, job in ipairs(jobs) do
    local key, ofJob = keyOf(job.class, job.id), string.format('%d', token + index)
    local fields = call('HMGET', key, 'data', 'rt')
    call('HSET', key, 'token', ofJob, 'pb', worker, 'processedOn', now)
    leases[#leases + 1] = ofJob
    leases[#leases + 1] = job.class .. ':' .. job.id
    reply[#reply + 1] = ofJob
    reply[#reply + 1] = fields[1]
    reply[#reply + 1] = fields[2]
  end
  call('HSET', own('leases:' .. worker), unpack(leases))
  call('SADD', own('holders'), worker)
end

local replies = {}
for at = 2, #ARGV, 3 do
  local taken, reply = {}, {}
  repeat until not takeInto(taken, tonumber(ARGV[at + 2]), tonumber(ARGV[at + 1]))
  if #taken > 0 then lease(ARGV[at], taken, reply) end
  replies[#replies + 1] = reply
end
return replies
`;
