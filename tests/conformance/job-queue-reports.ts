import { expect, test } from 'vitest';
import { queuedJob, ReportLog, startOne, summaryOf, takeOne, type WithQueue } from './job-queue-tools.js';

const crash = { code: 'prover-crashed', message: 'bb exited with signal SIGSEGV', remedy: 'try again' } as const;

export function describeJobQueueReports(withQueue: WithQueue): void {
  test('say what happened, in the order in which it happened', () =>
    withQueue(async (queue) => {
      const log = new ReportLog(queue.producer);
      const worker = queue.consumer('w1');
      const added = queuedJob('a', { attempt: 2 });
      await queue.producer.add([added, queuedJob('b', { order: [0, 1] })]);
      await worker.fail(await startOne(worker, ['rollup']), crash);
      const lease = await startOne(worker, ['rollup']);
      await worker.complete(lease, summaryOf(lease));
      await log.until(4);
      expect(log.reports).toEqual([
        { kind: 'started', jobId: 'a', workerId: 'w1', attempt: 2 },
        { kind: 'failed', jobId: 'a', workerId: 'w1', attempt: 2, error: crash },
        { kind: 'started', jobId: 'b', workerId: 'w1', attempt: 1 },
        { kind: 'proven', jobId: 'b', workerId: 'w1', summary: summaryOf(lease) },
      ]);
    }));

  test('a job that is only taken is not heard of, and one that starts is heard to start once', () =>
    withQueue(async (queue) => {
      const log = new ReportLog(queue.producer);
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a'), queuedJob('b', { order: [0, 1] }), queuedJob('c', { order: [0, 2] })]);
      const unstarted = await takeOne(worker, ['rollup']);
      const failing = await takeOne(worker, ['rollup']);
      const started = await startOne(worker, ['rollup']);
      await worker.started(started);
      await worker.fail(failing, crash);
      await worker.complete(unstarted, summaryOf(unstarted));
      await worker.complete(started, summaryOf(started));
      expect(await log.until(4)).toEqual(['started c', 'failed b', 'proven a', 'proven c']);
    }));

  test('a job that is given back starts again; one that is removed is heard of no more', () =>
    withQueue(async (queue) => {
      const log = new ReportLog(queue.producer);
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a'), queuedJob('gone', { order: [0, 1] })]);
      await worker.release(await startOne(worker, ['rollup']));
      const lease = await startOne(worker, ['rollup']);
      await queue.producer.remove(['gone', 'a']);
      await worker.complete(lease, summaryOf(lease)).catch(() => {});
      await queue.producer.add([queuedJob('z')]);
      const last = await startOne(worker, ['rollup']);
      await worker.complete(last, summaryOf(last));
      expect(await log.until(5)).toEqual(['started a', 'given-back a', 'started a', 'started z', 'proven z']);
    }));

  test('a job is heard to be given back if it was heard to start', () =>
    withQueue(async (queue) => {
      const log = new ReportLog(queue.producer);
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a', { attempt: 3 })]);
      await worker.release(await takeOne(worker, ['rollup']));
      await worker.release(await startOne(worker, ['rollup']));
      await worker.fail(await startOne(worker, ['rollup']), crash);
      await log.until(4);
      expect(log.reports).toEqual([
        { kind: 'started', jobId: 'a', workerId: 'w1', attempt: 3 },
        { kind: 'given-back', jobId: 'a', workerId: 'w1', attempt: 3 },
        { kind: 'started', jobId: 'a', workerId: 'w1', attempt: 3 },
        { kind: 'failed', jobId: 'a', workerId: 'w1', attempt: 3, error: crash },
      ]);
    }));

  test('every listener hears them, until it stops listening', () =>
    withQueue(async (queue) => {
      const logs = [new ReportLog(queue.producer), new ReportLog(queue.producer)] as const;
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a')]);
      const lease = await startOne(worker, ['rollup']);
      await Promise.all(logs.map((log) => log.until(1)));
      logs[0].stop();
      logs[0].stop();
      await worker.complete(lease, summaryOf(lease));
      expect(await logs[1].until(2)).toEqual(['started a', 'proven a']);
      expect(await logs[0].until(1)).toEqual(['started a']);
    }));

  test('a listener that throws breaks neither the queue nor the other listeners', () =>
    withQueue(async (queue) => {
      queue.producer.onReport(() => {
        throw new Error('a listener that throws, as this test wants it to');
      });
      const log = new ReportLog(queue.producer);
      const worker = queue.consumer('w1');
      await queue.producer.add([queuedJob('a')]);
      const lease = await startOne(worker, ['rollup']);
      await worker.complete(lease, summaryOf(lease));
      expect(await log.until(2)).toEqual(['started a', 'proven a']);
    }));

  test('a listener may add the next job: a chain of jobs runs to its end', () =>
    withQueue(async (queue) => {
      const length = 20;
      const log = new ReportLog(queue.producer);
      queue.producer.onReport((report) => {
        const next = Number(report.jobId) + 1;
        if (report.kind === 'proven' && next < length) void queue.producer.add([queuedJob(String(next))]);
      });
      await queue.producer.add([queuedJob('0')]);
      const worker = queue.consumer('w1');
      for (let done = 0; done < length; done++) {
        const lease = await startOne(worker, ['rollup']);
        await worker.complete(lease, summaryOf(lease));
      }
      expect((await log.until(2 * length)).at(-1)).toBe(`proven ${length - 1}`);
    }));
}
