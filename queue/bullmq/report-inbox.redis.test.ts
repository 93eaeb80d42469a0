import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { queuedJob, ReportLog, startOne, summaryOf } from '../../tests/conformance/job-queue-tools.js';
import { RedisQueues } from '../../tests/support/redis-queues.js';

let queues: RedisQueues;

beforeAll(async () => {
  queues = await RedisQueues.start();
});

afterEach(() => queues.clear());
afterAll(() => queues.stop());

test('a report that cannot be read is dropped and told, and the others are heard', async () => {
  const troubles: string[] = [];
  const queue = await queues.open({ producerId: 'm.o', onTrouble: (message) => troubles.push(message) });
  const log = new ReportLog(queue.producer);
  const worker = queue.consumer('m1.w');
  await queue.producer.add([queuedJob('a')]);
  const lease = await startOne(worker, ['rollup']);
  const garbage = ['{', 'null', '{"kind":"proven","jobId":"a","workerId":"w","summary":{}}', '{"kind":"failed"}'];
  await queues.redis.rpush(queues.keys.of('inbox', 'm.o'), ...garbage);
  await worker.complete(lease, summaryOf(lease));
  expect(await log.until(2)).toEqual(['started a', 'proven a']);
  expect(troubles).toHaveLength(garbage.length);
  for (const trouble of troubles) expect(trouble).toMatch(/^a report is dropped: a report of a job: /);
});
