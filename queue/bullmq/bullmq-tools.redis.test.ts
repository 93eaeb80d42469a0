import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { aborted, drain, queuedJob, summaryOf, takeOne } from '../../tests/conformance/job-queue-tools.js';
import { RedisQueues } from '../../tests/support/redis-queues.js';
import { decodeJob } from './job-entry.js';
import { QueueScripts } from './queue-scripts.js';

let queues: RedisQueues;
let bullmq: Queue;

beforeAll(async () => {
  queues = await RedisQueues.start();
  bullmq = new Queue('rollup', { connection: { url: queues.server.url }, prefix: queues.keys.prefix });
  await bullmq.waitUntilReady();
});

afterEach(() => queues.clear());
afterAll(async () => {
  await bullmq.close();
  await queues.stop();
});

describe("BullMQ's own tools", () => {
  test('count and show the jobs', async () => {
    const queue = await queues.open();
    const worker = queue.consumer('m1.w');
    const child = { param: 'left', circuit: 'merge-rollup', proofId: 'c' } as const;
    await queue.producer.add([
      queuedJob('a', { order: [0, -2], children: [child] }),
      queuedJob('b', { order: [0, -1], attempt: 2 }),
      queuedJob('c', { order: [3, 0] }),
      queuedJob('v', { resourceClass: 'vm' }),
    ]);
    const lease = await takeOne(worker, ['rollup']);
    expect(await bullmq.getJobCounts()).toMatchObject({
      active: 1,
      prioritized: 2,
      waiting: 0,
      completed: 0,
      failed: 0,
    });
    expect(await queue.counts()).toEqual({
      vm: { waiting: 1, leased: 0 },
      rollup: { waiting: 2, leased: 1 },
      gpu: { waiting: 0, leased: 0 },
    });
    const [active, ...none] = await bullmq.getActive();
    expect(none).toEqual([]);
    expect(active).toMatchObject({ id: 'a', name: 'merge-rollup', processedBy: 'm1.w' });
    expect(active?.data).toEqual({ ...lease.job, attempt: 1, order: [0, -2] });
    expect(Math.abs((active?.processedOn ?? 0) - (active?.timestamp ?? 0))).toBeLessThan(60_000);
    const waiting = await bullmq.getPrioritized();
    expect(waiting.map(({ id, priority, data }) => [id, priority, data.attempt])).toEqual([
      ['b', 1, 2],
      ['c', 4, 1],
    ]);
    expect(await active?.getState()).toBe('active');
    expect(await waiting[0]?.getState()).toBe('prioritized');
    await worker.complete(lease, summaryOf(lease));
    expect(await bullmq.getJob('a')).toBeUndefined();
  });

  test('pause a class and let it go on', async () => {
    const queue = await queues.open();
    const worker = queue.consumer('m1.w');
    await bullmq.pause();
    const pending = takeOne(worker, ['rollup', 'vm']);
    await queue.producer.add([queuedJob('a'), queuedJob('v', { resourceClass: 'vm', order: [9, 9] })]);
    expect((await pending).job.id).toBe('v');
    const paused = takeOne(worker, ['rollup', 'vm']);
    await bullmq.resume();
    expect((await paused).job.id).toBe('a');
  });

  test('remove waiting jobs, which are skipped', async () => {
    const queue = await queues.open();
    const ids = Array.from({ length: 20 }, (_, index) => `j${index}`);
    await queue.producer.add(ids.map((id, index) => queuedJob(id, { order: [0, index] })));
    for (const id of ids) {
      if (!['j7', 'j19'].includes(id)) await (await bullmq.getJob(id))?.remove();
    }
    expect(await queue.producer.present(ids)).toEqual(new Set(['j7', 'j19']));
    const scripts = new QueueScripts(queues.redis, queues.keys);
    for (const id of ['j7', 'j19']) {
      const [[, data, ...rest] = []] = await scripts.take([{ workerId: 'm1.w', classes: 7, takes: [null] }]);
      expect([decodeJob(String(data)).job.id, rest.length]).toEqual([id, 1]);
    }
    await queue.producer.add([queuedJob('j0')]);
    expect(await drain(queue, 1)).toEqual(['j0']);
  });

  test('obliterate a class: its holders stop, and it can be used again', async () => {
    const queue = await queues.open();
    const worker = queue.consumer('m1.w');
    await queue.producer.add([queuedJob('a', { order: [0, -1] }), queuedJob('b')]);
    const lease = await takeOne(worker, ['rollup']);
    await bullmq.obliterate({ force: true });
    await aborted(lease.signal);
    expect((await queue.counts()).rollup).toEqual({ waiting: 0, leased: 0 });
    await queue.producer.add([queuedJob('a'), queuedJob('d')]);
    expect(await drain(queue, 2)).toEqual(['a', 'd']);
  });

  test('may be asked any number of times', async () => {
    const queue = await queues.open();
    for (let time = 0; time < 15; time++) await queue.counts();
  });
});
