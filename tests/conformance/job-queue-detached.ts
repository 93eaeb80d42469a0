import { expect, test } from 'vitest';
import type { JobLease } from '../../proto/index.js';
import type { JobConsumer, JobQueue } from '../../queue/index.js';
import {
  aborted,
  expectCode,
  expectWaiting,
  queuedJob,
  ReportLog,
  startOne,
  summaryOf,
  takeOne,
  type WithQueue,
} from './job-queue-tools.js';

const crash = { code: 'prover-crashed', message: 'bb exited with signal SIGSEGV' } as const;

/** Runs a last job: reports of what was done before would be there by its own. */
async function last(queue: JobQueue): Promise<void> {
  const worker = queue.consumer('last');
  await queue.producer.add([queuedJob('z')]);
  const lease = await takeOne(worker, ['rollup']);
  await worker.complete(lease, summaryOf(lease));
}

/** `detach`, `present` and the reports of proofs that come late. */
export function describeJobQueueDetached(withQueue: WithQueue): void {
  test('the holder of a detached job goes on, and its proof is reported as late', () =>
    withQueue(async (queue) => {
      const log = new ReportLog(queue.producer);
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a', { blockId: 'b9' })]);
      const lease = await startOne(worker, ['rollup']);
      await queue.producer.detach(['a']);
      expect(lease.signal.aborted).toBe(false);
      await expectCode(worker.complete(lease, summaryOf(lease)), 'lease-lost', /\ba\b/);
      await log.until(2);
      expect(log.reports).toEqual([
        { kind: 'started', jobId: 'a', workerId: 'w1', attempt: 1 },
        { kind: 'late', jobId: 'a', blockId: 'b9', workerId: 'w1', summary: summaryOf(lease) },
      ]);
      expect(lease.signal.aborted).toBe(false);
      await expectCode(worker.complete(lease, summaryOf(lease)), 'lease-lost');
      await last(queue);
      expect(await log.until(3)).toEqual(['started a', 'late a', 'proven z']);
    }));

  test.each(['fail', 'release'] as const)('a holder of a detached job that ends with %s brings no report', (ending) =>
    withQueue(async (queue) => {
      const log = new ReportLog(queue.producer);
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a')]);
      const lease = await takeOne(worker, ['rollup']);
      await queue.producer.detach(['a']);
      await expectCode(ending === 'fail' ? worker.fail(lease, crash) : worker.release(lease), 'lease-lost');
      await expectCode(worker.complete(lease, summaryOf(lease)), 'lease-lost');
      await last(queue);
      expect(await log.until(1)).toEqual(['proven z']);
      await expectWaiting(queue, []);
    }),
  );

  test('a detached job may be queued again: two workers prove it, one with a lease', () =>
    withQueue(async (queue) => {
      const log = new ReportLog(queue.producer);
      const [first, second] = [queue.consumer('w1'), queue.consumer('w2')];
      await queue.producer.add([queuedJob('a')]);
      const early = await takeOne(first, ['rollup']);
      await queue.producer.detach(['a']);
      await queue.producer.add([queuedJob('a', { attempt: 2 })]);
      const late = await takeOne(second, ['rollup']);
      expect(late.attempt).toBe(2);
      expect(late.token).toBeGreaterThan(early.token);
      await expectCode(first.complete(early, summaryOf(early)), 'lease-lost');
      await second.complete(late, summaryOf(late));
      expect(await log.until(2)).toEqual(['late a', 'proven a']);
    }));

  test.each(['waits', 'is leased'])(
    'removing a detached job ends all who prove it, while its next attempt %s',
    (where) =>
      withQueue(async (queue) => {
        const log = new ReportLog(queue.producer);
        const worker = queue.consumer('w1');
        const holders: [JobConsumer, JobLease][] = [];
        await queue.producer.add([queuedJob('a')]);
        holders.push([worker, await takeOne(worker, ['rollup'])]);
        await queue.producer.detach(['a']);
        await queue.producer.add([queuedJob('a', { attempt: 2 })]);
        if (where === 'is leased') {
          const other = queue.consumer('w2');
          holders.push([other, await takeOne(other, ['rollup'])]);
        }
        await queue.producer.remove(['a']);
        for (const [consumer, lease] of holders) {
          await aborted(lease.signal);
          expect(lease.signal.reason).toMatchObject({ code: 'cancelled' });
          await expectCode(consumer.complete(lease, summaryOf(lease)), 'lease-lost');
        }
        await last(queue);
        expect(await log.until(1)).toEqual(['proven z']);
      }),
  );

  test('detached jobs that wait vanish; unknown ids do no harm', () =>
    withQueue(async (queue) => {
      const log = new ReportLog(queue.producer);
      await queue.producer.add([queuedJob('a'), queuedJob('b'), queuedJob('c')]);
      await queue.producer.detach(['b', 'nothing']);
      await queue.producer.detach([]);
      await expectWaiting(queue, ['a', 'c']);
      expect(await log.until(3)).toEqual(['proven a', 'proven c', 'proven marker']);
    }));

  test('present are jobs that wait or are leased, and no others', () =>
    withQueue(async (queue) => {
      const worker = queue.consumer('w1');
      const ids = ['leased', 'proven', 'detached', 'removed', 'waiting', 'given-back'];
      await queue.producer.add(ids.map((id, index) => queuedJob(id, { order: [0, index] })));
      await takeOne(worker, ['rollup']);
      const proven = await takeOne(worker, ['rollup']);
      await takeOne(worker, ['rollup']);
      await worker.complete(proven, summaryOf(proven));
      await queue.producer.detach(['detached']);
      await queue.producer.remove(['removed']);
      await takeOne(worker, ['rollup']);
      await worker.release(await takeOne(worker, ['rollup']));
      expect(await queue.producer.present([...ids, 'unknown'])).toEqual(new Set(['leased', 'waiting', 'given-back']));
      expect(await queue.producer.present([])).toEqual(new Set());
    }));
}
