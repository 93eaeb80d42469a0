import type { Redis } from 'ioredis';

/**
 * Ends a connection for good; commands that wait for it reject. Told to disconnect between two attempts to connect,
 * ioredis makes no further attempt and forgets the commands that wait, which then never settle: so not then.
 */
export function endConnection(redis: Redis): void {
  if (redis.status === 'reconnecting') redis.once('connecting', () => redis.disconnect());
  else redis.disconnect();
}
