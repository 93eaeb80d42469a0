import { ALLOW_OOM, RedisScript } from '../redis/redis-script.js';
import { EVENTS_KEPT_MAX } from './block-events.js';

/**
 * The scripts of what is told of blocks. Each gets the namespace's prefix as its only key and makes the others from it.
 *
 * `block:<id>:events` is a stream with an entry for each chunk, whose id is `<epoch>-<number of its last event>`. In it:
 * - `after`: the id of what the chunk follows on, `0-0` for the first of all. It is the id of the entry before, unless
 *   that was lost
 * - `told`: how many events were told up to its end, for trimming
 * - `events`: JSON
 *
 * When the block has ended the stream expires; submitting the block again stops that, and the stream goes on. Who listens
 * hears of each chunk on the channel of the same name: `<after> <id> <events>`.
 *
 * A Redis that is full takes them, as it takes all by which blocks go on: what they hold is bounded.
 */
const PRELUDE = `${ALLOW_OOM}
local call = redis.call
local function own(...) return table.concat({ KEYS[1], ... }, ':') end
local function parse(id)
  local epoch, seq = id:match('^(%d+)-(%d+)$')
  return tonumber(epoch), tonumber(seq)
end
`;

/** Owner, block id, token, numbers of the chunk's first and last event, events as JSON. Whether the claim holds. */
export const PUBLISH = new RedisScript(
  'events-publish',
  `${PRELUDE}
  local owner, id, token, first, last, events = unpack(ARGV)
  local block = call('HMGET', own('block', id), 'owner', 'token')
  if block[1] ~= owner or block[2] ~= token then return 0 end
  local key, entryId = own('block', id, 'events'), token .. '-' .. last
  local after, told, isNext = '0-0', 0, tonumber(first) == 1
  local tail = call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if tail then
    local epoch, seq = parse(tail[1])
    if epoch == tonumber(token) and seq >= tonumber(last) then return 1 end
    if epoch > tonumber(token) then
      -- Tokens only grow: it is of a time that this Redis has forgotten.
      call('DEL', key)
    else
      after, told = tail[1], tonumber(tail[2][4])
      if epoch == tonumber(token) then isNext = tonumber(first) == seq + 1 end
    end
  end
  if not isNext then after = token .. '-' .. string.format('%d', first - 1) end
  told = told + last - first + 1
  call('XADD', key, entryId, 'after', after, 'told', string.format('%d', told), 'events', events)
  while true do
    local oldest = call('XRANGE', key, '-', '+', 'COUNT', 1)[1]
    if told - tonumber(oldest[2][4]) < ${EVENTS_KEPT_MAX} then break end
    call('XDEL', key, oldest[1])
  end
  call('PUBLISH', key, after .. ' ' .. entryId .. ' ' .. events)
  return 1
  `,
);

/**
 * How many entries at most, then of each block its id and the entry up to where all is known. Of each block: whether what
 * was known is not there any more, and there has been less; whether there is more; ids, \`after\` and events of the next
 * entries, from the first one where what was known is lost.
 */
export const NEXT_EVENTS = new RedisScript(
  'events-next',
  `${PRELUDE}
  local room, replies = tonumber(ARGV[1]), {}
  for at = 2, #ARGV, 2 do
    local key, known = own('block', ARGV[at], 'events'), ARGV[at + 1]
    local tail = call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
    local epoch, seq = parse(known)
    local lastEpoch, lastSeq = parse(tail and tail[1] or '0-0')
    local isLost = lastEpoch < epoch or (lastEpoch == epoch and lastSeq < seq)
    local isBehind = isLost or lastEpoch > epoch or lastSeq > seq
    local entries = {}
    if tail and isBehind and room > 0 then
      for _, entry in ipairs(call('XRANGE', key, isLost and '-' or '(' .. known, '+', 'COUNT', room)) do
        entries[#entries + 1] = { entry[1], entry[2][2], entry[2][6] }
      end
      room = room - #entries
      isBehind = entries[#entries][1] ~= tail[1]
    end
    replies[#replies + 1] = { isLost and 1 or 0, tail and isBehind and 1 or 0, entries }
  end
  return replies
  `,
);
