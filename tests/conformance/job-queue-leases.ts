import { expect, test } from 'vitest';
import type { JobLease } from '../../proto/index.js';
import type { JobConsumer } from '../../queue/index.js';
import {
  aborted,
  expectCode,
  expectWaiting,
  queuedJob,
  summaryOf,
  takeOne,
  type WithQueue,
} from './job-queue-tools.js';

const crash = { code: 'prover-crashed', message: 'bb exited with signal SIGSEGV' } as const;

/** The three ways in which a holder ends a lease. */
const ENDINGS: Readonly<Record<string, (worker: JobConsumer, lease: JobLease) => Promise<void>>> = {
  complete: (worker, lease) => worker.complete(lease, summaryOf(lease)),
  fail: (worker, lease) => worker.fail(lease, crash),
  release: (worker, lease) => worker.release(lease),
};

/** All that only the holder of a lease may do. */
const USES: readonly ((worker: JobConsumer, lease: JobLease) => Promise<void>)[] = [
  (worker, lease) => worker.started(lease),
  ...Object.values(ENDINGS),
];

export function describeJobQueueLeases(withQueue: WithQueue): void {
  test.each(Object.keys(ENDINGS))('after %s the lease is over: nothing more can be done with it', (ending) =>
    withQueue(async (queue) => {
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a')]);
      const lease = await takeOne(worker, ['rollup']);
      await ENDINGS[ending]?.(worker, lease);
      for (const again of USES) await expectCode(again(worker, lease), 'lease-lost', /\ba\b/);
      expect(lease.signal.aborted).toBe(false);
      await expectWaiting(queue, ending === 'release' ? ['a'] : []);
    }),
  );

  test('a released job waits again under the same attempt', () =>
    withQueue(async (queue) => {
      await queue.producer.add([queuedJob('a', { attempt: 4, order: [0, -1] }), queuedJob('b')]);
      const lease = await takeOne(queue.consumer('w1'), ['rollup']);
      await queue.consumer('w1').release(lease);
      expect(await takeOne(queue.consumer('w2'), ['rollup'])).toMatchObject({
        job: { id: 'a' },
        attempt: 4,
        workerId: 'w2',
      });
    }));

  test('a released job goes to a take that waits for it', () =>
    withQueue(async (queue) => {
      await queue.producer.add([queuedJob('a')]);
      const lease = await takeOne(queue.consumer('w1'), ['rollup']);
      const pending = takeOne(queue.consumer('w2'), ['rollup']);
      await queue.consumer('w1').release(lease);
      expect((await pending).job.id).toBe('a');
    }));

  test('a later lease of a job has a larger token, and the earlier holder is fenced off', () =>
    withQueue(async (queue) => {
      const first = queue.consumer('w1');
      const second = queue.consumer('w2');
      await queue.producer.add([queuedJob('a')]);
      const early = await takeOne(first, ['rollup']);
      await first.release(early);
      const late = await takeOne(second, ['rollup']);
      expect(late.token).toBeGreaterThan(early.token);
      for (const use of USES) await expectCode(use(first, early), 'lease-lost');
      await second.fail(late, crash);
      await queue.producer.add([queuedJob('a', { attempt: 2 })]);
      const latest = await takeOne(first, ['rollup']);
      expect(latest.token).toBeGreaterThan(late.token);
      await first.complete(latest, summaryOf(latest));
    }));

  test('removing a leased job aborts its signal, ends the lease and brings no report', () =>
    withQueue(async (queue) => {
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a'), queuedJob('b', { order: [0, 1] })]);
      const lease = await takeOne(worker, ['rollup']);
      const other = await takeOne(worker, ['rollup']);
      await queue.producer.remove(['a']);
      await aborted(lease.signal);
      expect(lease.signal.reason).toMatchObject({ code: 'cancelled', message: expect.stringMatching(/\ba\b/) });
      for (const use of USES) await expectCode(use(worker, lease), 'lease-lost');
      expect(other.signal.aborted).toBe(false);
      await worker.complete(other, summaryOf(other));
      await expectWaiting(queue, []);
    }));

  test('removed waiting jobs vanish, from the middle of the line too; unknown ids do no harm', () =>
    withQueue(async (queue) => {
      const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
      await queue.producer.add(ids.map((id, index) => queuedJob(id, { order: [0, index] })));
      await queue.producer.remove(['b', 'nothing', 'd', 'g', 'b']);
      await queue.producer.remove([]);
      await expectWaiting(queue, ['a', 'c', 'e', 'f']);
    }));

  test('a removed job may be added again, with other content', () =>
    withQueue(async (queue) => {
      await queue.producer.add([queuedJob('a')]);
      const early = await takeOne(queue.consumer('w1'), ['rollup']);
      await queue.producer.remove(['a']);
      await queue.producer.add([queuedJob('a', { resourceClass: 'vm' })]);
      const late = await takeOne(queue.consumer('w2'), ['vm']);
      expect(late.token).toBeGreaterThan(early.token);
      await expectCode(queue.consumer('w1').complete(early, summaryOf(early)), 'lease-lost');
      await queue.consumer('w2').complete(late, summaryOf(late));
    }));
}
