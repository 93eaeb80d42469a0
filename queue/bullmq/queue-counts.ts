import type { Redis } from 'ioredis';
import { RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import type { JobCounts, QueueCounts } from '../job-queue.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import { ScriptConnection, type ScriptConnectionOptions } from '../redis/script-connection.js';

/**
 * What is in the queue of a cluster, for operators: it takes neither a heart nor a session to look. Rejects as
 * `connectRedis` does, and with `queue-unavailable` when Redis refuses.
 */
export async function countJobs(options: ScriptConnectionOptions): Promise<QueueCounts> {
  const connection = await ScriptConnection.open('counts', options);
  try {
    return await connection.ask(readCounts);
  } finally {
    connection.close();
  }
}

/** By BullMQ's own keys. Its `Queue` would leave a key behind for each class, and takes a quarter of a second to load. */
export async function readCounts(redis: Redis, { prefix }: RedisKeys): Promise<QueueCounts> {
  const entries = RESOURCE_CLASSES.map(async (name) => {
    const [waiting, leased] = await Promise.all([
      redis.zcard(`${prefix}:${name}:prioritized`),
      redis.llen(`${prefix}:${name}:active`),
    ]);
    return [name, { waiting, leased }] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<ResourceClass, JobCounts>;
}
