import type { Redis } from 'ioredis';

/** What was told of a block: it stays for some minutes when that has ended. */
const EVENTS = /:block:.*:events$/;

/** Keys in Redis that do not match `kept`, sorted; without what was told of ended blocks, if it expires. */
export async function keysLeft(redis: Redis, kept: RegExp): Promise<readonly string[]> {
  const left: string[] = [];
  for (const key of await redis.keys('*')) {
    const expires = EVENTS.test(key) && (await redis.pttl(key)) !== -1;
    if (!kept.test(key) && !expires) left.push(key);
  }
  return left.sort();
}
