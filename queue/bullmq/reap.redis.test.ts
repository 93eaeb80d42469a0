import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  aborted,
  expectCode,
  expectWaiting,
  queuedJob,
  ReportLog,
  startOne,
  summaryOf,
  takeOne,
} from '../../tests/conformance/job-queue-tools.js';
import { RedisQueues } from '../../tests/support/redis-queues.js';

let queues: RedisQueues;

beforeAll(async () => {
  queues = await RedisQueues.start();
});

afterEach(() => queues.clear());
afterAll(() => queues.stop());

describe('the dead', () => {
  test("a dead worker's leases fail once, whoever looks, and its proof comes late", async () => {
    const [first, second, dead] = [await queues.open(), await queues.open(), await queues.open()];
    const log = new ReportLog(first.producer);
    const [doomed, living] = [dead.consumer('m1.dead'), dead.consumer('m2.living')];
    await first.producer.add([
      queuedJob('a', { attempt: 2 }),
      queuedJob('b', { order: [0, 1] }),
      queuedJob('c', { order: [0, 2] }),
    ]);
    const lease = await takeOne(doomed, ['rollup']);
    await startOne(doomed, ['rollup']);
    const safe = await startOne(living, ['rollup']);
    await queues.heart.remove('m1.dead');
    const found = await Promise.all([queues.reap(first), queues.reap(second), queues.reap(first)]);
    expect(found.flat()).toEqual(['m1.dead']);
    await log.until(4);
    expect(log.reports).toHaveLength(4);
    expect(log.reports.slice(2).toSorted((x, y) => (x.jobId < y.jobId ? -1 : 1))).toEqual(
      [
        { jobId: 'a', attempt: 2, wasStarted: false },
        { jobId: 'b', attempt: 1, wasStarted: true },
      ].map(({ jobId, attempt, wasStarted }) => ({
        kind: 'failed',
        jobId,
        workerId: 'm1.dead',
        attempt,
        wasStarted,
        error: { code: 'lease-lost', message: expect.stringMatching(new RegExp(`m1\\.dead.*\\b${jobId}\\b`)) },
      })),
    );
    await first.producer.add([queuedJob('a', { attempt: 3 })]);
    const again = await takeOne(living, ['rollup']);
    await expectCode(doomed.complete(lease, summaryOf(lease)), 'lease-lost');
    await living.complete(again, summaryOf(again));
    await living.complete(safe, summaryOf(safe));
    expect((await log.until(7)).slice(4)).toEqual(['late a', 'proven a', 'proven c']);
  });

  test('a job that was begun with, given back and taken again was not begun with by its holder', async () => {
    const [orchestrator, other] = [await queues.open(), await queues.open()];
    const log = new ReportLog(orchestrator.producer);
    await orchestrator.producer.add([queuedJob('a')]);
    const first = other.consumer('m1.first');
    await first.release(await startOne(first, ['rollup']));
    await takeOne(other.consumer('m2.dead'), ['rollup']);
    await queues.heart.remove('m2.dead');
    await queues.reap(orchestrator);
    await log.until(3);
    expect(log.reports[2]).toMatchObject({ kind: 'failed', workerId: 'm2.dead', wasStarted: false });
  });

  test('the late proof of a job that is not in the queue goes to whom it was taken for, or to whoever is there', async () => {
    const [first, second, third] = [
      await queues.open({ producerId: 'm.first' }),
      await queues.open(),
      await queues.open(),
    ];
    const logs = [new ReportLog(first.producer), new ReportLog(second.producer)] as const;
    const worker = third.consumer('m1.w');
    await first.producer.add([queuedJob('a'), queuedJob('b', { order: [0, 1] })]);
    const [a, b] = [await takeOne(worker, ['rollup']), await takeOne(worker, ['rollup'])];
    await second.producer.detach(['a', 'b']);
    await expectCode(worker.complete(a, summaryOf(a)), 'lease-lost');
    expect(await logs[0].until(1)).toEqual(['late a']);
    await first.close();
    await queues.heart.remove('m.first');
    await expectCode(worker.complete(b, summaryOf(b)), 'lease-lost');
    expect(await logs[1].until(1)).toEqual(['late b']);
  });

  test('a worker that was taken for dead hears of it, and works on', async () => {
    const [orchestrator, other] = [await queues.open(), await queues.open()];
    const log = new ReportLog(orchestrator.producer);
    const worker = other.consumer('m1.w');
    await orchestrator.producer.add([queuedJob('a')]);
    const lease = await startOne(worker, ['rollup']);
    // It beats all the time: so until a look falls between.
    let found: readonly string[] = [];
    while (found.length === 0) {
      await queues.redis.del(queues.keys.alive('m1.w'));
      found = await queues.reap(orchestrator);
    }
    await aborted(lease.signal);
    expect(lease.signal.reason).toMatchObject({ code: 'lease-lost' });
    expect(await log.until(2)).toEqual(['started a', 'failed a']);
    await orchestrator.producer.add([queuedJob('a', { attempt: 2 })]);
    expect((await takeOne(worker, ['rollup'])).attempt).toBe(2);
  });

  test('nobody is declared dead when nobody was watching, until the living had time to beat', async () => {
    const [orchestrator, other] = [await queues.open(), await queues.open()];
    const log = new ReportLog(orchestrator.producer);
    await orchestrator.producer.add([queuedJob('a')]);
    await takeOne(other.consumer('m1.dead'), ['rollup']);
    await queues.heart.remove('m1.dead');
    expect(await orchestrator.reap()).toEqual([]);
    expect(await orchestrator.reap()).toEqual([]);
    expect(log.reports).toEqual([]);
    orchestrator.startWatch();
    orchestrator.startWatch();
    expect(await log.until(1)).toEqual(['failed a']);
  });

  test('are found while the main thread computes', async () => {
    const [orchestrator, other] = [await queues.open(), await queues.open()];
    orchestrator.startWatch();
    await orchestrator.producer.add([queuedJob('a')]);
    await takeOne(other.consumer('m1.dead'), ['rollup']);
    // Somebody has been watching for long enough.
    await expect.poll(() => queues.redis.exists(queues.keys.watched)).toBe(1);
    await queues.redis.del(queues.keys.grace);
    await queues.heart.remove('m1.dead');
    // Longer than others believe that it watches.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
    const [leases, grace] = [queues.keys.of('leases', 'm1.dead'), queues.keys.grace];
    expect(await queues.redis.exists(leases, grace)).toBe(0);
  });

  test('inboxes of dead producers vanish, and what comes to them later', async () => {
    const [orchestrator, dead, other] = [
      await queues.open(),
      await queues.open({ producerId: 'm.dead' }),
      await queues.open(),
    ];
    const worker = other.consumer('m1.w');
    await dead.producer.add([queuedJob('a'), queuedJob('b', { order: [0, 1] })]);
    const [a, b] = [await takeOne(worker, ['rollup']), await takeOne(worker, ['rollup'])];
    await dead.close();
    await queues.heart.remove('m.dead');
    for (const lease of [a, b]) {
      await worker.complete(lease, summaryOf(lease));
      expect(await queues.redis.llen(queues.keys.of('inbox', 'm.dead'))).toBe(1);
      await queues.reap(orchestrator);
      expect(await queues.redis.exists(queues.keys.of('inbox', 'm.dead'), queues.keys.of('producers'))).toBe(0);
    }
    await expectWaiting(orchestrator, []);
  });

  test('what a dead worker went on with without a lease is forgotten', async () => {
    const [orchestrator, other] = [await queues.open(), await queues.open()];
    await orchestrator.producer.add([queuedJob('a')]);
    await takeOne(other.consumer('m1.dead'), ['rollup']);
    await orchestrator.producer.detach(['a']);
    expect(await queues.redis.hlen(queues.keys.of('detached'))).toBe(1);
    await queues.heart.remove('m1.dead');
    await queues.reap(orchestrator);
    expect(await queues.redis.exists(queues.keys.of('detached'), queues.keys.of('holders'))).toBe(0);
  });
});
