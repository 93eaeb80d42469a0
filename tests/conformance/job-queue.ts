import { describe, expect, test } from 'vitest';
import { describeJobQueueDetached } from './job-queue-detached.js';
import { describeJobQueueLeases } from './job-queue-leases.js';
import { describeJobQueueOrder } from './job-queue-order.js';
import { describeJobQueueReports } from './job-queue-reports.js';
import {
  aborted,
  drain,
  expectCode,
  expectWaiting,
  forever,
  type MakeQueue,
  queuedJob,
  summaryOf,
  takeOne,
  type WithQueue,
} from './job-queue-tools.js';

/**
 * The whole contract of `JobQueue`, for any adapter: nothing here counts on a call having an effect before its promise
 * is settled, nor on when a report or an abort arrives.
 */
export function describeJobQueue(name: string, makeQueue: MakeQueue): void {
  const withQueue: WithQueue = async (body, options) => {
    const queue = await makeQueue(options);
    try {
      await body(queue);
    } finally {
      await queue.close();
    }
  };

  describe(name, () => {
    describe('adding', () => describeAdding(withQueue));
    describe('removing', () => describeRemovingBlocks(withQueue));
    describe('taking', () => describeTaking(withQueue));
    describe('order', () => describeJobQueueOrder(withQueue));
    describe('leases', () => describeJobQueueLeases(withQueue));
    describe('detaching', () => describeJobQueueDetached(withQueue));
    describe('reports', () => describeJobQueueReports(withQueue));
    describe('closing', () => describeClosing(makeQueue));
  });
}

function describeAdding(withQueue: WithQueue): void {
  test('a job that waits already is not added again', () =>
    withQueue(async (queue) => {
      await queue.producer.add([queuedJob('a')]);
      await queue.producer.add([queuedJob('a'), queuedJob('a')]);
      await expectWaiting(queue, ['a']);
    }));

  test('a job that is leased already is not added again', () =>
    withQueue(async (queue) => {
      await queue.producer.add([queuedJob('a')]);
      const worker = queue.consumer('w1');
      const lease = await takeOne(worker, ['rollup']);
      await queue.producer.add([queuedJob('a')]);
      await worker.complete(lease, summaryOf(lease));
      await expectWaiting(queue, []);
    }));

  test('another block, attempt or order is no other content', () =>
    withQueue(async (queue) => {
      await queue.producer.add([queuedJob('a', { order: [0, -5] }), queuedJob('b', { order: [0, -4] })]);
      await queue.producer.add([queuedJob('a', { blockId: 'b2', attempt: 3, order: [0, 0] })]);
      await expectWaiting(queue, ['a', 'b']);
    }));

  test.each([
    ['class', { resourceClass: 'vm' }],
    ['children', { children: [{ param: 'left', circuit: 'merge-rollup', proofId: 'c' }] }],
  ] as const)('the same id with another %s is a conflict, and nothing of that call is added', (_what, other) =>
    withQueue(async (queue) => {
      await queue.producer.add([queuedJob('a')]);
      await expectCode(queue.producer.add([queuedJob('b'), queuedJob('a', other)]), 'queue-conflict', /\ba\b/);
      await expectCode(queue.producer.add([queuedJob('c'), queuedJob('c', other)]), 'queue-conflict', /\bc\b/);
      const lease = await takeOne(queue.consumer('w1'), ['rollup']);
      await expectCode(queue.producer.add([queuedJob('a', other)]), 'queue-conflict', /\ba\b/);
      expect(lease.job.id).toBe('a');
      await expectWaiting(queue, []);
    }),
  );

  test('a job that has left the queue may be added again, as another attempt', () =>
    withQueue(async (queue) => {
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a')]);
      await worker.fail(await takeOne(worker, ['rollup']), { code: 'prover-crashed', message: 'gone' });
      await queue.producer.add([queuedJob('a', { attempt: 2 })]);
      expect(await takeOne(worker, ['rollup'])).toMatchObject({ job: { id: 'a' }, attempt: 2 });
    }));

  test('beyond the bound, waiting and leased jobs counted, none is added', () =>
    withQueue(
      async (queue) => {
        const worker = queue.consumer('w1');
        await queue.producer.add([queuedJob('a'), queuedJob('b')]);
        const lease = await takeOne(worker, ['rollup']);
        await expectCode(queue.producer.add([queuedJob('c'), queuedJob('d')]), 'queue-full', /3/);
        await queue.producer.add([queuedJob('a'), queuedJob('b'), queuedJob('c')]);
        await expectCode(queue.producer.add([queuedJob('d')]), 'queue-full');
        await worker.complete(lease, summaryOf(lease));
        await queue.producer.add([queuedJob('d')]);
        expect(await drain(queue, 3)).toEqual(['b', 'c', 'd']);
      },
      { jobsMax: 3 },
    ));
}

function describeRemovingBlocks(withQueue: WithQueue): void {
  test("a block's jobs, waiting and leased, of every class, and no others", () =>
    withQueue(async (queue) => {
      const many = Array.from({ length: 700 }, (_, n) => queuedJob(`m${n}`, { blockId: 'lost', order: [1, n] }));
      await queue.producer.add([
        queuedJob('a', { blockId: 'lost' }),
        queuedJob('v', { blockId: 'lost', resourceClass: 'vm' }),
        queuedJob('other', { blockId: 'lost2', order: [2, 0] }),
      ]);
      await queue.producer.add(many);
      const lease = await takeOne(queue.consumer('w1'), ['rollup']);
      const removed = await queue.producer.removeBlock('lost');
      expect(removed.toSorted()).toEqual(['a', 'v', ...many.map(({ job }) => job.id)].toSorted());
      await aborted(lease.signal);
      expect(await queue.producer.removeBlock('lost')).toEqual([]);
      await expectWaiting(queue, ['other']);
    }));
}

function describeTaking(withQueue: WithQueue): void {
  test('a lease carries the job as it was added', () =>
    withQueue(async (queue) => {
      const children = [{ param: 'left', circuit: 'base-rollup-public', proofId: 'base.0' }] as const;
      const added = queuedJob('a', { resourceClass: 'gpu', attempt: 2, order: [3, -1.5], blockId: 'b9', children });
      await queue.producer.add([added]);
      const lease = await takeOne(queue.consumer('w7'), ['gpu']);
      expect(lease).toMatchObject({ ...added, workerId: 'w7' });
      expect(lease.signal.aborted).toBe(false);
    }));

  test('a lease carries the trace that its job was added with first, and none where there was none', () =>
    withQueue(async (queue) => {
      const trace = { parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', queuedAtMs: 5 };
      await queue.producer.add([{ ...queuedJob('a'), trace }, queuedJob('b', { order: [2, 0] })]);
      await queue.producer.add([{ ...queuedJob('a'), trace: { ...trace, queuedAtMs: 6 } }]);
      const worker = queue.consumer('w1');
      const lease = await takeOne(worker, ['rollup']);
      expect(lease.trace).toEqual(trace);
      expect((await takeOne(worker, ['rollup'])).trace).toBeUndefined();
      await worker.release(lease);
      expect((await takeOne(worker, ['rollup'])).trace).toEqual(trace);
    }));

  test('waits for a job of its classes and leaves others alone', () =>
    withQueue(async (queue) => {
      const vm = takeOne(queue.consumer('w1'), ['vm']);
      await queue.producer.add([queuedJob('r')]);
      expect((await takeOne(queue.consumer('w2'), ['rollup'])).job.id).toBe('r');
      await queue.producer.add([queuedJob('v', { resourceClass: 'vm' })]);
      expect((await vm).job.id).toBe('v');
    }));

  test('with several classes, gives the first of them all', () =>
    withQueue(async (queue) => {
      const worker = queue.consumer('w1');
      await queue.producer.add([
        queuedJob('v', { resourceClass: 'vm', order: [0, -1] }),
        queuedJob('r', { order: [0, -2] }),
        queuedJob('g', { resourceClass: 'gpu', order: [0, -3] }),
      ]);
      expect((await takeOne(worker, ['vm', 'rollup'])).job.id).toBe('r');
      expect((await takeOne(worker, ['vm', 'rollup'])).job.id).toBe('v');
    }));

  test('no classes at all is refused', () =>
    withQueue(async (queue) => expectCode(queue.consumer('w1').take([], forever()), 'internal', /w1/)));

  test('gives nothing once its signal aborts, before or while it waits, and loses no job by it', () =>
    withQueue(async (queue) => {
      const controller = new AbortController();
      const pending = queue.consumer('w1').take(['rollup'], controller.signal);
      controller.abort();
      expect(await pending).toBeUndefined();
      await queue.producer.add([queuedJob('a')]);
      expect(await queue.consumer('w1').take(['rollup'], controller.signal)).toBeUndefined();
      await expectWaiting(queue, ['a']);
    }));

  test('many waiting workers get one job each, every job once', () =>
    withQueue(async (queue) => {
      const count = 50;
      const stop = new AbortController();
      const takes = Array.from({ length: count }, (_, index) =>
        queue.consumer(`w${index}`).take(['rollup', 'vm'], stop.signal),
      );
      await queue.producer.add(Array.from({ length: count }, (_, index) => queuedJob(`j${index}`)));
      const leases = await Promise.all(takes);
      expect(new Set(leases.map((lease) => lease?.job.id)).size).toBe(count);
      expect(new Set(leases.map((lease) => lease?.workerId)).size).toBe(count);
      await expectWaiting(queue, []);
    }));
}

function describeClosing(makeQueue: MakeQueue): void {
  test('settles takes with nothing, aborts leases and refuses further work', async () => {
    const queue = await makeQueue();
    const worker = queue.consumer('w1');
    await queue.producer.add([queuedJob('a'), queuedJob('b')]);
    const lease = await takeOne(worker, ['rollup']);
    const pending = worker.take(['vm'], forever());
    await queue.close();
    expect(await pending).toBeUndefined();
    await aborted(lease.signal);
    expect(lease.signal.reason).toMatchObject({ code: 'cancelled' });
    expect(await worker.take(['rollup'], forever())).toBeUndefined();
    await expectCode(queue.producer.add([queuedJob('c')]), 'cancelled', /closed/);
    await expectCode(worker.complete(lease, summaryOf(lease)), 'lease-lost');
    await queue.close();
  });
}
