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

/** By the means of BullMQ, which is loaded when it is asked for: it takes a quarter of a second, and no job needs it. */
export async function readCounts(redis: Redis, { prefix }: RedisKeys): Promise<QueueCounts> {
  const { Queue } = await import('bullmq');
  const queues = RESOURCE_CLASSES.map((name) => new Queue(name, { connection: redis, prefix }));
  try {
    const entries = queues.map(async (queue) => {
      const { prioritized = 0, active = 0 } = await queue.getJobCounts('prioritized', 'active');
      return [queue.name, { waiting: prioritized, leased: active }] as const;
    });
    return Object.fromEntries(await Promise.all(entries)) as Record<ResourceClass, JobCounts>;
  } finally {
    await Promise.all(queues.map((queue) => queue.close()));
  }
}
