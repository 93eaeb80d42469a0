import { describe, expect, test } from 'vitest';
import { describeJobQueue } from '../tests/conformance/job-queue.js';
import { queuedJob, takeOne } from '../tests/conformance/job-queue-tools.js';
import { MemoryJobQueue } from './memory-job-queue.js';

describeJobQueue('MemoryJobQueue', async (options) => new MemoryJobQueue({ ...options, onListenerError: () => {} }));

describe('MemoryJobQueue, beyond the contract', () => {
  test('hands a job to the take that has waited longest', async () => {
    const queue = new MemoryJobQueue();
    const takes = ['w1', 'w2', 'w3'].map((id) => takeOne(queue.consumer(id), ['rollup']));
    await queue.producer.add([queuedJob('a')]);
    await queue.producer.add([queuedJob('b'), queuedJob('c')]);
    expect((await Promise.all(takes)).map((lease) => lease.job.id)).toEqual(['a', 'b', 'c']);
    await queue.close();
  });

  test('a released job keeps its place among equals', async () => {
    const queue = new MemoryJobQueue();
    await queue.producer.add([queuedJob('a'), queuedJob('b')]);
    const worker = queue.consumer('w1');
    await worker.release(await takeOne(worker, ['rollup']));
    expect((await takeOne(worker, ['rollup'])).job.id).toBe('a');
    await queue.close();
  });

  test('an order that is not a number is refused', async () => {
    const queue = new MemoryJobQueue();
    const added = queue.producer.add([queuedJob('a', { order: [0, Number.NaN] })]);
    await expect(added).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('a') });
    await queue.close();
  });

  test('a lease holder that calls the queue as its signal aborts finds it whole', async () => {
    const queue = new MemoryJobQueue();
    await queue.producer.add([queuedJob('a'), queuedJob('b')]);
    const worker = queue.consumer('w1');
    const leases = [await takeOne(worker, ['rollup']), await takeOne(worker, ['rollup'])] as const;
    const released = leases.map(
      (lease) => new Promise((resolve) => lease.signal.addEventListener('abort', () => resolve(worker.release(lease)))),
    );
    await queue.producer.remove(['a', 'b']);
    for (const release of released) await expect(release).rejects.toMatchObject({ code: 'lease-lost' });
    const stop = AbortSignal.abort();
    expect(await worker.take(['rollup'], stop)).toBeUndefined();
    await queue.close();
  });

  test('what a listener throws is handed on', async () => {
    const thrown: unknown[] = [];
    const queue = new MemoryJobQueue({ onListenerError: (error) => thrown.push(error) });
    queue.producer.onReport((report) => {
      throw new Error(report.kind);
    });
    await queue.producer.add([queuedJob('a')]);
    const worker = queue.consumer('w1');
    await worker.started(await takeOne(worker, ['rollup']));
    expect(thrown).toEqual([new Error('started')]);
    await queue.close();
  });

  test('counts what waits and what is leased, by class', async () => {
    const queue = new MemoryJobQueue();
    await queue.producer.add([queuedJob('a'), queuedJob('b')]);
    await takeOne(queue.consumer('w1'), ['rollup']);
    const none = { waiting: 0, leased: 0 };
    expect(await queue.counts()).toEqual({ vm: none, rollup: { waiting: 1, leased: 1 }, gpu: none });
    await queue.close();
    expect((await queue.counts()).rollup).toEqual(none);
  });

  test('takes and drops the jobs of the largest block', async () => {
    const queue = new MemoryJobQueue();
    const jobs = Array.from({ length: 368_640 }, (_, index) =>
      queuedJob(`j${index}`, { order: [0, -((index * 7919) % 10_007)] }),
    );
    await queue.producer.add(jobs);
    const first = await takeOne(queue.consumer('w1'), ['rollup']);
    expect(first.order[1]).toBe(-10_006);
    await queue.producer.remove(jobs.map(({ job }) => job.id));
    expect(first.signal.aborted).toBe(true);
    await queue.producer.add([queuedJob('after')]);
    expect((await takeOne(queue.consumer('w1'), ['rollup'])).job.id).toBe('after');
    await queue.close();
  });
});
