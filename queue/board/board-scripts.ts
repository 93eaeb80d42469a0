import { EVENTS_KEPT_MS } from '../events/block-events.js';
import { GRACE_LUA } from '../redis/grace-script.js';
import { ALLOW_OOM, RedisScript } from '../redis/redis-script.js';

/**
 * The scripts of the board. Each gets the namespace's prefix as its only key and makes the others from it. All may run
 * twice, see `RedisScript`.
 *
 * - `block:<id>`: a hash. JSON in `submitted`, and in `progress`, `levels`, `forecast`, `lineageSeed`, `cursor` and `work`
 *   once they are known; `family`, `age`, `srs` and, where there is one, `trace` of the
 *   submission; `owner` and `token` while it is claimed; `cancel` once someone
 *   wants it stopped
 * - `block:<id>:histories`, `block:<id>:credits`: hashes of JSON by job
 * - `block:<id>:events`: what was told of it (`event-scripts.ts`)
 * - `board:open`, `board:unclaimed`: sorted sets of blocks by age
 * - `board:cancelling`: the blocks with `cancel`
 * - `board:ages`: the age of the youngest block, while one is open
 * - `board:owners`: the orchestrators that have claims; `held:<owner>`: their blocks
 * - `family:<family>`: a hash of `owner` and the number of its `blocks`, while one of them is claimed: the others are
 *   left to it
 * - `counter`: tokens, the queue's too; it never goes back
 */
const PRELUDE = `
local call = redis.call
local function own(...) return table.concat({ KEYS[1], ... }, ':') end
local function changed() call('PUBLISH', own('board'), '') end

local function holds(owner, id, token)
  local block = call('HMGET', own('block', id), 'owner', 'token')
  return block[1] == owner and block[2] == token
end
`;

/** For scripts by which blocks go on and end: a Redis that is full must let them, or it stays full. */
const PRELUDE_WHEN_FULL = `${ALLOW_OOM}${PRELUDE}`;

const RELEASE = `
local function release(owner)
  local held = call('SMEMBERS', own('held', owner))
  for _, id in ipairs(held) do
    local key = own('block', id)
    local block = call('HMGET', key, 'family', 'age')
    if block[1] then
      call('HDEL', key, 'owner', 'token')
      call('ZADD', own('board', 'unclaimed'), block[2], id)
      call('DEL', own('family', block[1]))
    end
  end
  call('DEL', own('held', owner))
  call('SREM', own('board', 'owners'), owner)
  if #held > 0 then changed() end
end
`;

/** Whoever asks is alive, whether or not its heart has beaten since Redis was away. */
const RELEASE_DEAD = `${GRACE_LUA}${RELEASE}
local function releaseDead(asking)
  if inGrace(own('watched'), own('grace')) then return end
  for _, owner in ipairs(call('SMEMBERS', own('board', 'owners'))) do
    if owner ~= asking and call('EXISTS', own('alive', owner)) == 0 then release(owner) end
  end
end
`;

/** Block id, family, block as JSON, how many may be open, SRS or '', trace or ''. 1: put up; 0: it is open; 2: it is being cancelled; -1: no room. */
export const SUBMIT = new RedisScript(
  'board-submit',
  `${PRELUDE}
  local id, family, submitted, openMax, srs, trace = unpack(ARGV)
  if call('HEXISTS', own('block', id), 'cancel') == 1 then return 2 end
  if call('EXISTS', own('block', id)) == 1 then return 0 end
  if call('ZCARD', own('board', 'open')) >= tonumber(openMax) then return -1 end
  local age = call('INCR', own('board', 'ages'))
  call('HSET', own('block', id), 'submitted', submitted, 'family', family, 'age', age, 'srs', srs)
  if trace ~= '' then call('HSET', own('block', id), 'trace', trace) end
  local told = call('XREVRANGE', own('block', id, 'events'), '+', '-', 'COUNT', 1)[1]
  if told then
    call('PERSIST', own('block', id, 'events'))
    local epoch, seq = told[1]:match('^(%d+)-(%d+)$')
    call('HSET', own('block', id), 'cursor', '{"epoch":' .. epoch .. ',"seq":' .. seq .. '}')
  end
  call('ZADD', own('board', 'open'), age, id)
  call('ZADD', own('board', 'unclaimed'), age, id)
  changed()
  return 1
  `,
);

/** Block id. Whether it is open. */
export const CANCEL = new RedisScript(
  'board-cancel',
  `${PRELUDE_WHEN_FULL}
  if call('EXISTS', own('block', ARGV[1])) == 0 then return 0 end
  call('HSET', own('block', ARGV[1]), 'cancel', 1)
  call('SADD', own('board', 'cancelling'), ARGV[1])
  changed()
  return 1
  `,
);

/**
 * Owner, how many it may hold, its SRS or '' for any, then id and token of each claim it knows. Id, token, age, block, progress and trace of those that it
 * does not know: new ones, and those whose reply it never got. One whose session is not alive claims nothing: it would
 * be taken for dead.
 */
export const CLAIM = new RedisScript(
  'board-claim',
  `${PRELUDE_WHEN_FULL}${RELEASE_DEAD}
  local me, max, srs = ARGV[1], tonumber(ARGV[2]), ARGV[3]
  releaseDead(me)
  local claims = {}
  local function tell(id)
    local block = call('HMGET', own('block', id), 'token', 'age', 'submitted', 'progress', 'trace')
    claims[#claims + 1] = { id, unpack(block) }
  end

  local known, held = {}, call('SMEMBERS', own('held', me))
  for at = 4, #ARGV, 2 do known[ARGV[at]] = ARGV[at + 1] end
  for _, id in ipairs(held) do
    if known[id] ~= call('HGET', own('block', id), 'token') then tell(id) end
  end
  if call('EXISTS', own('alive', me)) == 0 then return claims end

  -- A family stays together, and what is only to be stopped waits for no room.
  local due, free = {}, {}
  for _, id in ipairs(call('ZRANGE', own('board', 'unclaimed'), 0, -1)) do
    local family, cancel, madeWith = unpack(call('HMGET', own('block', id), 'family', 'cancel', 'srs'))
    local owner = call('HGET', own('family', family), 'owner')
    if owner == me or (cancel and not owner) then
      due[#due + 1] = { id, family }
    elseif not owner and #free < max and (srs == '' or madeWith == '' or madeWith == srs) then
      free[#free + 1] = { id, family }
    end
  end
  local count = #held
  local function take(blocks, most)
    for _, block in ipairs(blocks) do
      if count >= most then return end
      count = count + 1
      local id, family = block[1], own('family', block[2])
      call('HSET', family, 'owner', me)
      call('HINCRBY', family, 'blocks', 1)
      call('HSET', own('block', id), 'owner', me, 'token', call('INCR', own('counter')))
      call('ZREM', own('board', 'unclaimed'), id)
      call('SADD', own('held', me), id)
      call('SADD', own('board', 'owners'), me)
      tell(id)
    end
  end
  take(due, math.huge)
  take(free, max)
  return claims
  `,
);

/** Owner. Its blocks that someone wants stopped. */
export const CANCELLED = new RedisScript(
  'board-cancelled',
  `${PRELUDE_WHEN_FULL}
  local wanted = {}
  for _, id in ipairs(call('SMEMBERS', own('board', 'cancelling'))) do
    if call('HGET', own('block', id), 'owner') == ARGV[1] then wanted[#wanted + 1] = id end
  end
  return wanted
  `,
);

/** Owner. Looks for the dead, and says whether there may be something to claim or to stop. */
export const LOOK = new RedisScript(
  'board-look',
  `${PRELUDE_WHEN_FULL}${RELEASE_DEAD}
  releaseDead(ARGV[1])
  if call('EXISTS', own('board', 'unclaimed')) == 1 then return 1 end
  for _, id in ipairs(call('SMEMBERS', own('board', 'cancelling'))) do
    if call('HGET', own('block', id), 'owner') == ARGV[1] then return 1 end
  end
  return 0
  `,
);

/** Owner, block id, token, then fields of the block's hash and what they are to hold. Whether the claim holds. */
export const NOTE = new RedisScript(
  'board-note',
  `${PRELUDE_WHEN_FULL}
  local owner, id, token = unpack(ARGV, 1, 3)
  if not holds(owner, id, token) then return 0 end
  call('HSET', own('block', id), unpack(ARGV, 4))
  return 1
  `,
);

/** Owner, block id, token, `histories` or `credits`, then job id and JSON of each. Whether the claim holds. */
export const NOTE_JOBS = new RedisScript(
  'board-note-jobs',
  `${PRELUDE_WHEN_FULL}
  local owner, id, token, what = unpack(ARGV, 1, 4)
  if not holds(owner, id, token) then return 0 end
  call('HSET', own('block', id, what), unpack(ARGV, 5))
  return 1
  `,
);

/** Owner, block id, token. Job ids and JSON of all histories, or nil if the claim does not hold. */
export const HISTORIES = new RedisScript(
  'board-histories',
  `${PRELUDE_WHEN_FULL}
  local owner, id, token = unpack(ARGV)
  if not holds(owner, id, token) then return false end
  local histories, all = {}, call('HGETALL', own('block', id, 'histories'))
  for at = 1, #all, 2 do histories[#histories + 1] = { all[at], all[at + 1] } end
  return histories
  `,
);

/** Block id, cursor of a scan, how many to look at. The next cursor, and ids of jobs with credits: those stay here. */
export const CREDITED = new RedisScript(
  'board-credited',
  `${PRELUDE_WHEN_FULL}
  local id, cursor, count = unpack(ARGV)
  local scanned = call('HSCAN', own('block', id, 'credits'), cursor, 'COUNT', count)
  local jobs = {}
  for at = 1, #scanned[2], 2 do jobs[#jobs + 1] = scanned[2][at] end
  return { scanned[1], jobs }
  `,
);

/** Owner, block id, token. Whether the block is down: 0 where someone else has it. */
export const END = new RedisScript(
  'board-end',
  `${PRELUDE_WHEN_FULL}
  local owner, id, token = unpack(ARGV)
  local key = own('block', id)
  if call('EXISTS', key) == 0 then return 1 end
  if not holds(owner, id, token) then return 0 end
  local family = own('family', call('HGET', key, 'family'))
  call('UNLINK', key, own('block', id, 'histories'), own('block', id, 'credits'))
  call('PEXPIRE', own('block', id, 'events'), ${EVENTS_KEPT_MS})
  call('ZREM', own('board', 'open'), id)
  call('SREM', own('board', 'cancelling'), id)
  call('SREM', own('held', owner), id)
  if call('EXISTS', own('held', owner)) == 0 then call('SREM', own('board', 'owners'), owner) end
  if call('HINCRBY', family, 'blocks', -1) <= 0 then
    call('DEL', family)
    changed()
  end
  if call('EXISTS', own('board', 'open')) == 0 then call('DEL', own('board', 'ages')) end
  return 1
  `,
);

/** Owner. What it has is free for others. */
export const LEAVE = new RedisScript('board-leave', `${PRELUDE_WHEN_FULL}${RELEASE} release(ARGV[1])`);
