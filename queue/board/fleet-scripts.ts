import { ALLOW_OOM, RedisScript } from '../redis/redis-script.js';

/**
 * The scripts of the fleet. Each gets the namespace's prefix as its only key and makes the others from it. They write
 * little, and a Redis that is full lets them: the fleet is what empties it.
 *
 * - `fleet`: a hash of the workers' entries, as JSON. It lives as long as somebody renews it; entries of workers that
 *   are dead are taken out by whoever lists them, and put in again where they were not.
 * - `drain:<worker>`: why this worker is to drain. It lives for longer than a worker takes to look.
 */
const PRELUDE = `${ALLOW_OOM}
local call = redis.call
local function own(...) return table.concat({ KEYS[1], ... }, ':') end
local function changed() call('PUBLISH', own('fleet'), '') end
`;

const FLEET_TTL_MS = 10_000;
const DRAIN_TTL_MS = 60_000;

/** Worker, entry. Why it is to drain, or nil. */
export const ENTER = new RedisScript(
  'fleet-enter',
  `${PRELUDE}
  local id, entry = unpack(ARGV)
  if call('HGET', own('fleet'), id) ~= entry then
    call('HSET', own('fleet'), id, entry)
    changed()
  end
  call('PEXPIRE', own('fleet'), ${FLEET_TTL_MS})
  return call('GET', own('drain', id))
  `,
);

/** Worker. */
export const LEAVE_FLEET = new RedisScript(
  'fleet-leave',
  `${PRELUDE}
  call('DEL', own('drain', ARGV[1]))
  if call('HDEL', own('fleet'), ARGV[1]) == 1 then changed() end
  `,
);

/** The entries of the living. */
export const LIST = new RedisScript(
  'fleet-list',
  `${PRELUDE}
  local entries, all = {}, call('HGETALL', own('fleet'))
  for at = 1, #all, 2 do
    if call('EXISTS', own('alive', all[at])) == 1 then
      entries[#entries + 1] = all[at + 1]
    else
      call('HDEL', own('fleet'), all[at])
    end
  end
  return entries
  `,
);

/** Worker, reason. Whether it is there. */
export const DRAIN = new RedisScript(
  'fleet-drain',
  `${PRELUDE}
  local id, reason = unpack(ARGV)
  if call('HEXISTS', own('fleet'), id) == 0 or call('EXISTS', own('alive', id)) == 0 then return 0 end
  call('SET', own('drain', id), reason, 'PX', ${DRAIN_TTL_MS})
  call('PUBLISH', own('drain', id), '')
  return 1
  `,
);
