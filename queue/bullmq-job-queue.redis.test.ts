import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { describeJobQueue } from '../tests/conformance/job-queue.js';
import { type RedisServer, startRedis } from '../tests/support/redis-server.js';
import { BullmqJobQueue } from './bullmq/bullmq-job-queue.js';
import { RedisHeart } from './redis/redis-heart.js';

let server: RedisServer;
let redis: Redis;
let heart: RedisHeart;
const namespace = 'test';

beforeAll(async () => {
  server = await startRedis();
  redis = await server.client();
  heart = await RedisHeart.start({ url: server.url, namespace });
});

afterAll(async () => {
  await heart.close();
  await server.stop();
});

describeJobQueue('BullmqJobQueue', async (options) => {
  await redis.flushall();
  const producerId = randomUUID();
  await heart.add(producerId);
  return BullmqJobQueue.open({ ...options, url: server.url, namespace, heart, producerId, onListenerError: () => {} });
});
