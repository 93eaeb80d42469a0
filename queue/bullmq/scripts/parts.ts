import { RESOURCE_CLASSES } from '../../../proto/index.js';
import { ALLOW_OOM } from '../../redis/redis-script.js';

/**
 * Lua that several scripts share. Every script gets the namespace's prefix as its only key (`{espalier}`: all keys of a
 * namespace lie in one slot of a Redis Cluster, so naming one of them routes the script) and makes the others from it.
 *
 * BullMQ's own keys, `<prefix>:<class>:…`: the job's hash under its id, `prioritized`, `active`, `meta`. Fields that
 * BullMQ does not know are `rt` (whom its reports go to), `line` and `place` (see `order:`) and `token` (of its lease) and
 * `started` (once its holder has begun with it); `pb` (who has it) and `processedOn` are BullMQ's.
 *
 * Ours:
 * - `order:<class>:<system>`: the line of waiting jobs of one proof system, which workers of that system take from; the
 *   score is the block's age, members are `<path><sequence>:<id>` (see `job-entry.ts`)
 * - `leases:<worker>`: the leases a worker holds, token to `<class>:<id>`
 * - `holders`, `producers`: sessions that may have leases, and an inbox
 * - `detached`: token to `<id> <worker>` of leases whose job was detached
 * - `inbox:<producer>`, `late`: reports on their way
 * - `counter`: tokens and sequence numbers; it never goes back
 */
export const PRELUDE = preludeOf('');

/** For scripts by which jobs go on and end: a Redis that is full must let them, or it stays full. */
export const PRELUDE_WHEN_FULL = preludeOf(ALLOW_OOM);

function preludeOf(firstLine: string): string {
  return `${firstLine}
local call = redis.call
local prefix = KEYS[1]
local CLASSES = { ${RESOURCE_CLASSES.map((name) => `'${name}'`).join(', ')} }

local function own(name) return prefix .. ':' .. name end
local function keyOf(class, name) return prefix .. ':' .. class .. ':' .. name end

-- Made once: they are asked for with every job.
local PRIORITIZED, ACTIVE = {}, {}
for _, class in ipairs(CLASSES) do
  PRIORITIZED[class] = keyOf(class, 'prioritized')
  ACTIVE[class] = keyOf(class, 'active')
end

-- Wherever a job may be: ids are unique across the classes.
local function keysOf(id)
  local keys = {}
  for index, class in ipairs(CLASSES) do keys[index] = keyOf(class, id) end
  return keys
end

-- Calls with so many of the items at a time: Lua cannot pass any number of arguments.
local function inSlices(items, visit)
  for first = 1, #items, 1000 do visit(unpack(items, first, math.min(first + 999, #items))) end
end

-- Milliseconds by Redis's clock: no script looks at anybody else's.
local function nowMs()
  local time = call('TIME')
  return time[1] .. string.sub('00000' .. time[2], -6, -4)
end
`;
}

/**
 * Jobs that come to wait, gathered: `finishWaiting` puts them in line, and tells workers of a class if none of it waited
 * before: while some do, every worker that wanted one has been told already, or has looked since.
 */
export const WAIT = `
local arrivals = {}

local function wait(class, line, id, age, place, score)
  local added = arrivals[line]
  if added == nil then
    added = { class = class, order = {}, prioritized = {} }
    arrivals[line] = added
  end
  local at = #added.order
  added.order[at + 1], added.order[at + 2] = age, place
  added.prioritized[at + 1], added.prioritized[at + 2] = score, id
end

local function finishWaiting()
  local woken = {}
  for line, added in pairs(arrivals) do
    if call('ZCARD', line) == 0 then woken[#woken + 1] = added.class end
    inSlices(added.order, function(...) call('ZADD', line, ...) end)
    inSlices(added.prioritized, function(...) call('ZADD', PRIORITIZED[added.class], ...) end)
  end
  if #woken > 0 then call('PUBLISH', own('ready'), table.concat(woken, ' ')) end
end

-- BullMQ's score: the priority, and among equal ones the order of arrival.
local function bullmqScore(priority, sequence)
  return string.format('%d', tonumber(priority) * 4294967296 + sequence % 4294967296)
end

-- A leased job waits again, where it stood in the line.
local function putBack(class, id)
  local key = keyOf(class, id)
  local job = call('HMGET', key, 'data', 'place', 'priority', 'line')
  local age = cjson.decode(job[1]).order[1]
  call('HDEL', key, 'token', 'started', 'pb', 'processedOn')
  call('LREM', ACTIVE[class], 1, id)
  wait(class, job[4], id, age, job[2], bullmqScore(job[3], tonumber(string.sub(job[2], 21, 36))))
end
`;

/** Reports, gathered and sent at the end: one push for each inbox. */
export const REPORT = `
local outgoing = {}

local function report(producer, text)
  local reports = outgoing[producer]
  if reports == nil then
    reports = {}
    outgoing[producer] = reports
  end
  reports[#reports + 1] = text
end

local function sendReports()
  for producer, reports in pairs(outgoing) do
    inSlices(reports, function(...) call('RPUSH', own('inbox:' .. producer), ...) end)
    -- An inbox that is new: whoever looks for the dead deletes it if its reader has died.
    if call('LLEN', own('inbox:' .. producer)) == #reports then call('SADD', own('producers'), producer) end
  end
end
`;

/** The leases whose job was detached, as `visit(token, id, worker)`. They are few: a part of what runs. */
export const DETACHED = `
local function eachDetached(visit)
  local detached = call('HGETALL', own('detached'))
  for at = 1, #detached, 2 do
    local id, worker = string.match(detached[at + 1], '^(%S+) (.*)$')
    visit(detached[at], id, worker)
  end
end

local function forgetDetached(token) call('HDEL', own('detached'), token) end
`;
