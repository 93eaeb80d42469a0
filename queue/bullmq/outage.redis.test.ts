import { afterEach, describe, expect, test } from 'vitest';
import {
  expectCode,
  forever,
  queuedJob,
  ReportLog,
  summaryOf,
  takeOne,
} from '../../tests/conformance/job-queue-tools.js';
import { RedisQueues } from '../../tests/support/redis-queues.js';
import { BullmqJobQueue } from './bullmq-job-queue.js';

let queues: RedisQueues | undefined;

afterEach(() => queues?.stop());

describe('a Redis that is not there', () => {
  test('is waited for: takes, leases and reports go on when it is back with what it had', async () => {
    queues = await RedisQueues.start({ appendfsync: 'always' });
    const { server } = queues;
    const troubles: string[] = [];
    const [orchestrator, other] = [
      await queues.open(),
      await queues.open({ onTrouble: (message) => troubles.push(message) }),
    ];
    const log = new ReportLog(orchestrator.producer);
    const worker = other.consumer('m1.w');
    await orchestrator.producer.add([queuedJob('a')]);
    const held = await takeOne(worker, ['rollup']);
    const pending = takeOne(worker, ['vm']);
    await server.kill();
    const completed = worker.complete(held, summaryOf(held));
    const added = orchestrator.producer.add([queuedJob('v', { resourceClass: 'vm' })]);
    await server.restart();
    await Promise.all([completed, added]);
    const lease = await pending;
    expect(lease.job.id).toBe('v');
    await worker.complete(lease, summaryOf(lease));
    expect(await log.until(2)).toEqual(['proven a', 'proven v']);
    expect(held.signal.aborted).toBe(false);
    expect(troubles).toEqual([expect.stringContaining('lost the connection'), expect.stringContaining('is back')]);
  });

  test('does not keep a process from closing', async () => {
    queues = await RedisQueues.start();
    const queue = await queues.open();
    const worker = queue.consumer('m1.w');
    await queue.producer.add([queuedJob('a')]);
    const lease = await takeOne(worker, ['rollup']);
    const pending = worker.take(['rollup'], forever());
    await queues.server.kill();
    const early = queue.consumer('m2.new').take(['rollup'], forever());
    const lost = expect(queue.producer.add([queuedJob('b')])).rejects.toMatchObject({ code: 'queue-unavailable' });
    await queue.close();
    await lost;
    expect(await pending).toBeUndefined();
    expect(await early).toBeUndefined();
    await expectCode(worker.complete(lease, summaryOf(lease)), 'lease-lost');
  });

  test('is said to be missing when it is not there at first', async () => {
    queues = await RedisQueues.start();
    const { server, heart } = queues;
    await server.kill();
    await expectCode(BullmqJobQueue.open({ url: server.url, heart, producerId: 'm.p' }), 'queue-unavailable');
  });
});

describe('a Redis that refuses', () => {
  test('is said to, and asked again when it is kicked: takes stay pending, a lease may be ended again', async () => {
    queues = await RedisQueues.start();
    const { redis } = queues;
    const { promise: told, resolve: tell } = deferred<string>();
    const queue = await queues.open({ onTrouble: tell });
    const worker = queue.consumer('m1.w');
    await queue.producer.add([queuedJob('a')]);
    const lease = await takeOne(worker, ['rollup']);
    await redis.config('SET', 'min-replicas-to-write', '1');
    await expectCode(queue.producer.add([queuedJob('b')]), 'queue-unavailable', /replicas/);
    await expectCode(worker.complete(lease, summaryOf(lease)), 'queue-unavailable', /replicas/);
    expect(await told).toMatch(/replicas/);
    const pending = takeOne(worker, ['rollup']);
    await redis.config('SET', 'min-replicas-to-write', '0');
    await worker.complete(lease, summaryOf(lease));
    await queue.producer.add([queuedJob('b')]);
    expect((await pending).job.id).toBe('b');
  });

  test('begins the session of a worker when it takes again', async () => {
    queues = await RedisQueues.start();
    const { redis } = queues;
    const queue = await queues.open();
    await queue.producer.add([queuedJob('a')]);
    await redis.config('SET', 'min-replicas-to-write', '1');
    const worker = queue.consumer('m1.w');
    await expectCode(worker.take(['rollup'], forever()), 'queue-unavailable', /replicas/);
    await redis.config('SET', 'min-replicas-to-write', '0');
    expect((await takeOne(worker, ['rollup'])).job.id).toBe('a');
  });

  test('for want of memory takes no more jobs in, and lets those go on and end that it has', async () => {
    queues = await RedisQueues.start();
    const queue = await queues.open();
    const worker = queue.consumer('m1.w');
    await queue.producer.add([queuedJob('a')]);
    await queues.redis.config('SET', 'maxmemory', '1');
    await expectCode(queue.producer.add([queuedJob('b')]), 'queue-unavailable', /memory/);
    const lease = await takeOne(worker, ['rollup']);
    await worker.complete(lease, summaryOf(lease));
    expect(await queue.producer.present(['a', 'b'])).toEqual(new Set());
  });
});

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
