import { afterAll, beforeAll } from 'vitest';
import { describeJobQueue } from '../tests/conformance/job-queue.js';
import { RedisQueues } from '../tests/support/redis-queues.js';

let queues: RedisQueues;

beforeAll(async () => {
  queues = await RedisQueues.start();
});

afterAll(() => queues.stop());

describeJobQueue('BullmqJobQueue', async (options) => {
  await queues.clear();
  return queues.open({ ...options, onListenerError: () => {} });
});
