import { PRELUDE, WAIT } from './parts.js';

/** Arguments for one job. */
export const ADD_JOB_ARGS = 8;

/**
 * Adds the jobs of several calls, each call wholly or not at all.
 * ARGV: producer, jobsMax, dry ('1' checks only), system; then for each call the number of its jobs, and for each of them class,
 * id, name, data, length of the content that `data` begins with, age, path, priority.
 * Reply for each call: {} | {"conflict", id} | {"full", held, new}; where it is dry {"room", held, new} for {}.
 */
export const ADD_JOBS = `${PRELUDE}${WAIT}
local producer, jobsMax, dry, system = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1', ARGV[4]
local held = 0
for _, class in ipairs(CLASSES) do
  held = held + call('ZCARD', PRIORITIZED[class]) + call('LLEN', ACTIVE[class])
end
local now = nowMs()

-- Whether a job is in the queue; nil if it is with other content.
local function find(class, id, content)
  if call('EXISTS', unpack(keysOf(id))) == 0 then return false end
  local data = call('HGET', keyOf(class, id), 'data')
  if data and string.sub(data, 1, #content) == content then return true end
  return nil
end

-- Sorts the jobs of a call into new ones and present ones, or says why it cannot be.
local function check(first, last)
  local fresh, present, seen = {}, {}, {}
  for at = first, last, ${ADD_JOB_ARGS} do
    local class, id = ARGV[at], ARGV[at + 1]
    local content = string.sub(ARGV[at + 3], 1, tonumber(ARGV[at + 4]))
    if seen[id] == nil then
      local found = find(class, id, content)
      if found == nil then return nil, nil, { 'conflict', id } end
      seen[id] = content
      if found then present[#present + 1] = keyOf(class, id) else fresh[#fresh + 1] = at end
    elseif seen[id] ~= content then
      return nil, nil, { 'conflict', id }
    end
  end
  if #fresh > 0 and held + #fresh > jobsMax then return nil, nil, { 'full', held, #fresh } end
  return fresh, present
end

local LINES = {}
for _, class in ipairs(CLASSES) do LINES[class] = own('order:' .. class .. ':' .. system) end

local function insert(at, sequence)
  local class, id, age, priority = ARGV[at], ARGV[at + 1], ARGV[at + 5], ARGV[at + 7]
  local place = ARGV[at + 6] .. string.format('%016d', sequence) .. ':' .. id
  call('HSET', keyOf(class, id), 'name', ARGV[at + 2], 'data', ARGV[at + 3], 'opts', '{"priority":' .. priority .. '}',
    'timestamp', now, 'delay', 0, 'priority', priority, 'rt', producer, 'place', place,
    'line', LINES[class])
  wait(class, LINES[class], id, age, place, bullmqScore(priority, sequence))
end

local replies = {}
local at = 5
while at <= #ARGV do
  local first = at + 1
  at = first + tonumber(ARGV[at]) * ${ADD_JOB_ARGS}
  local fresh, present, refusal = check(first, at - 1)
  if refusal == nil and not dry then
    -- Whoever adds a job hears of it from now on.
    for _, key in ipairs(present) do call('HSET', key, 'rt', producer) end
    if #fresh > 0 then
      local sequence = call('INCRBY', own('counter'), #fresh) - #fresh
      for index, job in ipairs(fresh) do insert(job, sequence + index) end
    end
    held = held + #fresh
  end
  replies[#replies + 1] = refusal or (dry and { 'room', held, #fresh }) or {}
end
finishWaiting()
return replies
`;
