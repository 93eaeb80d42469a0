import { GRACE_MS } from './heart.js';

/**
 * How long a look at who is alive counts as watching. Well below what the key of a living session has left when Redis
 * goes away (2.25 s or more), less what its heart needs to find it again: so whoever finds nobody dead in a Redis that
 * was away either comes so early that no key has expired, or finds nobody watching.
 */
export const WATCHED_MS = 1_500;

/**
 * Defines the Lua function `inGrace(watched, grace)`, of the keys `RedisKeys.watched` and `RedisKeys.grace`: whether
 * nobody may be declared dead now. Every script that looks for the dead asks it first, which counts as watching. See
 * `docs/cluster.md`, "Who is dead".
 */
export const GRACE_LUA = `
local function inGrace(watched, grace)
  if not redis.call('SET', watched, '1', 'PX', ${WATCHED_MS}, 'GET') then
    redis.call('SET', grace, '1', 'PX', ${GRACE_MS})
  end
  return redis.call('EXISTS', grace) == 1
end
`;
