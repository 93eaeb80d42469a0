import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectCode, expectWaiting, queuedJob, ReportLog, summaryOf } from '../../tests/conformance/job-queue-tools.js';
import { RedisQueues } from '../../tests/support/redis-queues.js';
import { HeldLease } from './held-lease.js';
import { decodeJob } from './job-entry.js';
import { LeaseKeeper } from './lease-keeper.js';
import { QueueScripts } from './queue-scripts.js';

let queues: RedisQueues;

beforeAll(async () => {
  queues = await RedisQueues.start();
});

afterEach(() => queues.clear());
afterAll(() => queues.stop());

/** Takes a job as a worker does, and lets the answer get lost if there is no keeper. */
async function take(workerId: string, keeper?: LeaseKeeper): Promise<HeldLease> {
  const scripts = new QueueScripts(queues.redis, queues.keys);
  const [[token, data, producerId] = []] = await scripts.take([{ workerId, classes: 2, takes: [null] }]);
  const lease = new HeldLease(decodeJob(String(data)), Number(token), workerId, String(producerId));
  keeper?.admit(lease);
  return lease;
}

describe('LeaseKeeper', () => {
  const newKeeper = () => new LeaseKeeper(new QueueScripts(queues.redis, queues.keys));

  test('gives back what its worker does not know of, when it sees it a second time', async () => {
    const queue = await queues.open();
    const keeper = newKeeper();
    await queue.producer.add([queuedJob('a', { order: [0, -1] }), queuedJob('b'), queuedJob('c', { order: [0, 1] })]);
    const known = await take('w1', keeper);
    await take('w1');
    await keeper.check('w1');
    await keeper.check('w2');
    expect((await queue.counts()).rollup).toEqual({ waiting: 1, leased: 2 });
    await keeper.check('w1');
    expect(known.signal.aborted).toBe(false);
    await expectWaiting(queue, ['b', 'c']);
    await keeper.release(known);
  });

  test('aborts what is no longer held, and still tells of a proof that was stored by then', async () => {
    const queue = await queues.open();
    const log = new ReportLog(queue.producer);
    const keeper = newKeeper();
    await queue.producer.add([queuedJob('a')]);
    const lease = await take('w1', keeper);
    // As after a Redis that lost its last second.
    await queues.redis.del(queues.keys.of('leases', 'w1'));
    await keeper.check('w1');
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal.reason).toMatchObject({ code: 'lease-lost' });
    const proof = { jobId: 'a', workerId: 'w1', summary: summaryOf(lease) };
    await expectCode(
      keeper.end(lease, { kind: 'proven', ...proof }, { kind: 'late', blockId: 'b1', ...proof }),
      'lease-lost',
    );
    expect(await log.until(1)).toEqual(['late a']);
  });

  test.each(['lost', 'detached'])('tells of a proof whose lease is %s when Redis takes it again', async (how) => {
    const queue = await queues.open();
    const log = new ReportLog(queue.producer);
    const keeper = newKeeper();
    await queue.producer.add([queuedJob('a')]);
    const lease = await take('w1', keeper);
    if (how === 'detached') await queue.producer.detach(['a']);
    else await queues.redis.del(queues.keys.of('leases', 'w1'));
    await keeper.check('w1');
    const proof = { jobId: 'a', workerId: 'w1', summary: summaryOf(lease) };
    const end = () => keeper.end(lease, { kind: 'proven', ...proof }, { kind: 'late', blockId: 'b1', ...proof });
    await queues.redis.config('SET', 'min-replicas-to-write', '1');
    await expectCode(end(), 'queue-unavailable', /replicas/);
    await queues.redis.config('SET', 'min-replicas-to-write', '0');
    await expectCode(end(), 'lease-lost');
    expect(await log.until(1)).toEqual(['late a']);
    await expectCode(end(), 'lease-lost');
  });

  test('says that a job has begun again where Redis refused it', async () => {
    const queue = await queues.open();
    const log = new ReportLog(queue.producer);
    const keeper = newKeeper();
    await queue.producer.add([queuedJob('a')]);
    const lease = await take('w1', keeper);
    await queues.redis.config('SET', 'min-replicas-to-write', '1');
    await expectCode(keeper.started(lease), 'queue-unavailable', /replicas/);
    await queues.redis.config('SET', 'min-replicas-to-write', '0');
    await keeper.started(lease);
    expect(await log.until(1)).toEqual(['started a']);
  });

  test('lets those go on whose job was detached, until it is removed', async () => {
    const queue = await queues.open();
    const keeper = newKeeper();
    await queue.producer.add([queuedJob('a')]);
    const lease = await take('w1', keeper);
    await queue.producer.detach(['a']);
    await keeper.check('w1');
    await keeper.check('w1');
    expect(lease.signal.aborted).toBe(false);
    // This keeper gets no messages.
    await queue.producer.remove(['a']);
    await keeper.check('w1');
    expect(lease.signal.reason).toMatchObject({ code: 'cancelled' });
  });

  test('of a job that an operator took away with other tools, its holder hears too', async () => {
    const queue = await queues.open();
    const keeper = newKeeper();
    await queue.producer.add([queuedJob('a')]);
    const lease = await take('w1', keeper);
    await queues.redis.del(queues.keys.of('rollup', 'a'));
    await keeper.check('w1');
    expect(lease.signal.aborted).toBe(true);
    expect(await queues.redis.exists(queues.keys.of('leases', 'w1'))).toBe(0);
  });
});
