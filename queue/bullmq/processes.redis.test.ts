import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  ALL_CLASSES,
  aborted,
  drain,
  expectCode,
  forever,
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

describe('processes that share a queue', () => {
  test('hear of what the others do: jobs, reports, removals', async () => {
    const [orchestrator, other] = [await queues.open(), await queues.open()];
    const log = new ReportLog(orchestrator.producer);
    const worker = other.consumer('w1');
    const pending = [startOne(worker, ['vm', 'rollup']), startOne(worker, ['rollup'])] as const;
    await orchestrator.producer.add([queuedJob('a', { order: [0, -1] }), queuedJob('b')]);
    const [a, b] = await Promise.all(pending);
    await worker.complete(b, summaryOf(b));
    await orchestrator.producer.remove(['a']);
    await aborted(a.signal);
    expect(a.signal.reason).toMatchObject({ code: 'cancelled' });
    await expectCode(worker.complete(a, summaryOf(a)), 'lease-lost');
    expect(await log.until(3)).toEqual(['started a', 'started b', 'proven b']);
  });

  test('workers get jobs of their own proof system only, also those that were given back', async () => {
    const orchestrator = await queues.open({ system: 'development' });
    const misfit = (await queues.open({ system: 'none' })).consumer('w1');
    const fit = (await queues.open({ system: 'development' })).consumer('w2');
    const nothing = misfit.take(ALL_CLASSES, AbortSignal.timeout(2_500));
    await orchestrator.producer.add([queuedJob('a'), queuedJob('b', { order: [0, 1] })]);
    const a = await takeOne(fit, ALL_CLASSES);
    await fit.release(a);
    expect((await takeOne(fit, ALL_CLASSES)).job.id).toBe('a');
    await orchestrator.producer.remove(['b']);
    // It has been told of each arrival, and looked by itself too.
    expect(await nothing).toBeUndefined();
    expect((await orchestrator.counts()).rollup).toEqual({ waiting: 0, leased: 1 });
  });

  test('whoever adds a job that is there already hears of it from then on', async () => {
    const [first, second] = [await queues.open(), await queues.open()];
    const logs = [new ReportLog(first.producer), new ReportLog(second.producer)] as const;
    const worker = (await queues.open()).consumer('w1');
    await first.producer.add([queuedJob('a'), queuedJob('b', { order: [0, 1] }), queuedJob('c', { order: [0, 2] })]);
    const a = await startOne(worker, ['rollup']);
    await second.producer.add([queuedJob('a', { attempt: 7 }), queuedJob('b', { attempt: 7 })]);
    await worker.complete(a, summaryOf(a));
    const b = await takeOne(worker, ['rollup']);
    expect(b.attempt).toBe(1);
    await worker.fail(b, { code: 'prover-crashed', message: 'gone' });
    const c = await takeOne(worker, ['rollup']);
    await worker.complete(c, summaryOf(c));
    expect(await logs[1].until(2)).toEqual(['proven a', 'failed b']);
    expect(await logs[0].until(2)).toEqual(['started a', 'proven c']);
  });

  test('a take that is aborted at any moment loses no job', async () => {
    const queue = await queues.open();
    const ids = Array.from({ length: 300 }, (_, index) => `j${index}`);
    const worker = queue.consumer('w1');
    const taken: string[] = [];
    for (const id of ids) {
      const controller = new AbortController();
      const take = worker.take(['rollup'], controller.signal);
      const added = queue.producer.add([queuedJob(id)]);
      if (ids.indexOf(id) % 2 === 0) await added;
      controller.abort();
      const lease = await take;
      await added;
      if (lease !== undefined) {
        taken.push(lease.job.id);
        await worker.complete(lease, summaryOf(lease));
      }
    }
    taken.push(...(await drain(queue, ids.length - taken.length)));
    expect(taken.sort()).toEqual(ids.sort());
  });

  test('closing one gives its leases to the others at once, and the queue stays', async () => {
    const [orchestrator, closing, staying] = [await queues.open(), await queues.open(), await queues.open()];
    await orchestrator.producer.add([queuedJob('a', { attempt: 3 }), queuedJob('b', { order: [0, 1] })]);
    const lease = await takeOne(closing.consumer('w1'), ['rollup']);
    const b = await takeOne(staying.consumer('w2'), ['rollup']);
    const pending = takeOne(staying.consumer('w2'), ['rollup']);
    await closing.close();
    await aborted(lease.signal);
    expect(await pending).toMatchObject({ job: { id: 'a' }, attempt: 3, workerId: 'w2' });
    expect(b.signal.aborted).toBe(false);
  });

  test('what is said in the turn in which the queue is closed is heard', async () => {
    const [orchestrator, closing] = [await queues.open(), await queues.open()];
    const log = new ReportLog(orchestrator.producer);
    const worker = closing.consumer('w1');
    await orchestrator.producer.add([queuedJob('a')]);
    const lease = await takeOne(worker, ['rollup']);
    const completed = worker.complete(lease, summaryOf(lease));
    await Promise.all([closing.close(), completed]);
    expect(await log.until(1)).toEqual(['proven a']);
  });

  test('nothing of the jobs is left when they have ended, and nothing of the processes when they have', async () => {
    const [orchestrator, other] = [await queues.open(), await queues.open()];
    const log = new ReportLog(orchestrator.producer);
    const jobs = ALL_CLASSES.flatMap((resourceClass, index) =>
      [0, 1, 2, 3].map((number) => queuedJob(`${resourceClass}.${number}`, { resourceClass, order: [index, number] })),
    );
    await orchestrator.producer.add(jobs);
    const worker = other.consumer('w1');
    for (const { resourceClass } of ALL_CLASSES.map((name) => ({ resourceClass: name }))) {
      const [a, b, c] = [
        await startOne(worker, [resourceClass]),
        await startOne(worker, [resourceClass]),
        await startOne(worker, [resourceClass]),
      ];
      await worker.complete(a, summaryOf(a));
      await worker.fail(b, { code: 'prover-crashed', message: 'gone' });
      await orchestrator.producer.detach([c.job.id]);
      await expectCode(worker.complete(c, summaryOf(c)), 'lease-lost');
    }
    await orchestrator.producer.remove(jobs.map(({ job }) => job.id));
    await log.until(18);
    await queues.closeAll();
    expect(await queues.redis.keys('*')).toEqual([queues.keys.of('counter')]);
  });

  test('a closed queue is closed: takes give nothing, endings are refused', async () => {
    const queue = await queues.open();
    const worker = queue.consumer('w1');
    await queue.close();
    expect(await worker.take(['rollup'], forever())).toBeUndefined();
    expect(await queue.consumer('w2').take(['rollup'], forever())).toBeUndefined();
    await queue.producer.remove(['a']);
    await expectCode(queue.producer.add([queuedJob('a')]), 'cancelled');
  });
});

describe('many jobs', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => queuedJob(`j${index}`));

  test('go in and out in parts', async () => {
    const queue = await queues.open();
    await queue.producer.add(many(5_000));
    expect((await queue.counts()).rollup).toEqual({ waiting: 5_000, leased: 0 });
    const ids = many(5_000).map(({ job }) => job.id);
    expect((await queue.producer.present(ids)).size).toBe(5_000);
    await queue.producer.remove(ids);
    expect((await queue.counts()).rollup).toEqual({ waiting: 0, leased: 0 });
  });

  test('are added wholly or not at all', async () => {
    const queue = await queues.open({ jobsMax: 2_000 });
    await queue.producer.add([queuedJob('j1999')]);
    const other = queuedJob('j1999', { resourceClass: 'vm' });
    await expectCode(queue.producer.add([...many(1_999), other]), 'queue-conflict', /j1999/);
    await expectCode(queue.producer.add([...many(1_000), queuedJob('j0', { resourceClass: 'vm' })]), 'queue-conflict');
    await expectCode(queue.producer.add(many(2_001)), 'queue-full', /2000/);
    expect((await queue.counts()).rollup.waiting).toBe(1);
    await queue.producer.add([...many(2_000), ...many(100)]);
    expect((await queue.counts()).rollup.waiting).toBe(2_000);
  });
});
