import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ErrorCode, EspalierError } from '../common/index.js';
import { type ProofRecord, verifySignature } from '../proto/index.js';
import { AttemptBench, deferred, settle, untilAborted } from '../tests/support/attempt-bench.js';
import { required } from '../tests/support/worker-fixture.js';

let bench: AttemptBench;
const waits: number[] = [];
const wait = async (durationMs: number) => {
  waits.push(durationMs);
};
const FOREVER = Number.POSITIVE_INFINITY;

/** Rejects so many times with `code`, then does the work. */
function failing<A extends unknown[], R>(times: number, code: ErrorCode, work: (...args: A) => Promise<R>) {
  let left = times;
  return async (...args: A): Promise<R> => {
    if (left-- > 0) throw new EspalierError(code, 'it went away');
    return work(...args);
  };
}

/** A store whose `putProof` fails so many times. */
function failingPuts(times: number, code: ErrorCode = 'store-unavailable') {
  const store = bench.storeOf();
  return { ...store, putProof: failing(times, code, store.putProof) };
}

beforeEach(async () => {
  waits.splice(0);
  bench = await AttemptBench.create();
});

describe('a store that is not available', () => {
  it('is offered the finished proof again, which is not made a second time', async () => {
    const job = await bench.fixture.addJob();
    const { outcome } = await bench.begin({ store: failingPuts(2), wait });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('proven');
    expect(bench.prover.calls).toHaveLength(1);
    expect(waits).toEqual([100, 200]);
    expect(await bench.fixture.store.getProof(job.id)).toMatchObject({ jobId: job.id, attempts: 1 });
  });

  it('is offered the proof again also when it is full, where others make room', async () => {
    const job = await bench.fixture.addJob();
    const { outcome } = await bench.begin({ store: failingPuts(2, 'disk-full'), sharedStore: true, wait });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('proven');
    expect(bench.prover.calls).toHaveLength(1);
    expect(waits).toEqual([100, 200]);
    expect(await bench.fixture.store.hasProof(job.id)).toBe(true);
  });

  it.each(['store-unavailable', 'disk-full'] as const)('is given up on after a minute of %s', async (code) => {
    await bench.fixture.addJob();
    const { outcome } = await bench.begin({ store: failingPuts(FOREVER, code), sharedStore: true, wait });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('failed');
    expect(bench.lastFailure()).toEqual({ code, message: 'it went away' });
    expect(waits.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    const waitedMs = waits.reduce((sum, ms) => sum + ms);
    expect(waitedMs).toBeGreaterThan(60_000);
    expect(waitedMs).toBeLessThan(65_000);
  });

  it('is not tried again when it is full and nobody else uses it', async () => {
    await bench.fixture.addJob();
    const { outcome } = await bench.begin({ store: failingPuts(1, 'disk-full'), wait });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('failed');
    expect(bench.lastFailure()).toMatchObject({ code: 'disk-full' });
    expect(waits).toEqual([]);
  });

  it('is not waited for by a worker that stops', async () => {
    await bench.fixture.addJob();
    const ending = new AbortController();
    const waiting = deferred<void>();
    const untilStopped = async (_durationMs: number, signal: AbortSignal) => {
      waiting.resolve();
      await untilAborted(signal);
    };
    const { outcome } = await bench.begin({ store: failingPuts(9), wait: untilStopped }, ending.signal);
    (await bench.prover.call(0)).finish();
    await waiting.promise;
    // Cores are not held meanwhile.
    expect(bench.slots.size).toBe(0);
    ending.abort();
    expect(await outcome).toBe('released');
  });

  it.each(['getInputs', 'hasProof'] as const)('is read from again: %s', async (method) => {
    const job = await bench.fixture.addJob();
    const store = bench.storeOf();
    const broken = { ...store, [method]: failing(3, 'store-unavailable', store[method] as () => Promise<unknown>) };
    const { outcome } = await bench.begin({ store: broken, wait });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('proven');
    expect(waits).toEqual([100, 200, 400]);
    expect(await bench.fixture.store.hasProof(job.id)).toBe(true);
  });

  it('is read from no longer than a minute', async () => {
    await bench.fixture.addJob();
    const getInputs = failing(FOREVER, 'store-unavailable', async () => undefined);
    const { outcome } = await bench.begin({ store: { ...bench.storeOf(), getInputs }, wait });
    expect(await outcome).toBe('failed');
    expect(bench.lastFailure()).toMatchObject({ code: 'store-unavailable' });
    expect(waits).toHaveLength(17);
  });
});

describe('a queue that is not available', () => {
  const consumer = () => bench.fixture.queue.consumer('w1');

  it('hears of a proof when it is back', async () => {
    await bench.fixture.addJob();
    const complete = failing(20, 'queue-unavailable', consumer().complete);
    const { outcome } = await bench.begin({ wait }, undefined, { complete });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('proven');
    expect(waits).toHaveLength(20);
    expect(bench.kinds()).toEqual(['started', 'proven']);
  });

  it('hears of a failure when it is back, and the cores are free meanwhile', async () => {
    await bench.fixture.addJob();
    const sizes: number[] = [];
    const fail = failing(2, 'queue-unavailable', consumer().fail);
    const noteSize = async () => {
      sizes.push(bench.slots.size);
    };
    const { outcome } = await bench.begin({ wait: noteSize }, undefined, { fail });
    (await bench.prover.call(0)).fail(new EspalierError('prover-crashed', 'bb exited'));
    expect(await outcome).toBe('failed');
    expect(bench.lastFailure()).toMatchObject({ code: 'prover-crashed' });
    expect(sizes).toEqual([0, 0]);
  });

  it('holds up no proof that cannot be reported as started', async () => {
    await bench.fixture.addJob();
    const { outcome } = await bench.begin({}, undefined, { started: () => new Promise<never>(() => {}) });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('proven');
    expect(bench.kinds()).toEqual(['proven']);
  });

  it('hears of a proof though the lease was lost meanwhile, and may make a late report of it', async () => {
    const job = await bench.fixture.addJob();
    const complete = failing(2, 'queue-unavailable', consumer().complete);
    const detach = async () => bench.fixture.queue.producer.detach([job.id]);
    const { outcome } = await bench.begin({ wait: detach }, undefined, { complete });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('cancelled');
    expect(bench.kinds()).toEqual(['started', 'late']);
  });
});

describe('an attempt whose job is given back', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('lets others have it before its prover is gone, and its cores only then', async () => {
    const job = await bench.fixture.addJob();
    const { prove, gone } = slowToEnd();
    const ending = new AbortController();
    const prover = Object.assign(Object.create(bench.prover), { prove });
    const { outcome } = await bench.begin({ prover }, ending.signal);
    await bench.fixture.reported('started', 1);
    ending.abort();
    const other = await bench.fixture.queue.consumer('w2').take(['vm'], new AbortController().signal);
    expect(other).toMatchObject({ job, workerId: 'w2' });
    expect(bench.slots.size).toBe(1);
    gone.resolve();
    expect(await outcome).toBe('released');
    expect(bench.slots.size).toBe(0);
  });

  it('is over after a while, though the store hangs', async () => {
    await bench.fixture.addJob();
    const putting = deferred<void>();
    const putProof = () => {
      putting.resolve();
      return new Promise<never>(() => {});
    };
    const ending = new AbortController();
    const { outcome } = await bench.begin({ store: { ...bench.storeOf(), putProof } }, ending.signal);
    (await bench.prover.call(0)).finish();
    await putting.promise;
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    ending.abort();
    vi.advanceTimersByTime(2_500);
    expect(await outcome).toBe('released');
  });

  it('is over after a while, though the queue hangs, and says that it could not be told', async () => {
    const job = await bench.fixture.addJob();
    const ending = new AbortController();
    const { outcome } = await bench.begin({}, ending.signal, { release: () => new Promise<never>(() => {}) });
    await bench.prover.call(0);
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    ending.abort();
    const told = expect(outcome).rejects.toMatchObject({
      code: 'queue-unavailable',
      message: expect.stringContaining(`job ${job.id}: the queue could not be told that it is released`),
    });
    await settle();
    vi.advanceTimersByTime(5_000);
    await told;
  });

  /** A `prove` that takes its time to end when it is aborted. */
  function slowToEnd() {
    const gone = deferred<void>();
    const prove = async (_request: unknown, { signal }: { signal?: AbortSignal }) => {
      await untilAborted(signal).catch(() => {});
      await gone.promise;
      throw new EspalierError('cancelled', 'bb is gone');
    };
    return { prove, gone };
  }
});

describe('a proof that comes too late', () => {
  it('is not stored when its job was removed or its lease lost by then', async () => {
    const job = await bench.fixture.addJob();
    const gate = deferred<void>();
    bench.prover.verifyGate = gate.promise;
    const { outcome } = await bench.begin();
    (await bench.prover.call(0)).finish();
    await settle();
    expect(bench.prover.verifications).toBe(1);
    await bench.fixture.queue.producer.remove([job.id]);
    gate.resolve();
    expect(await outcome).toBe('cancelled');
    await settle();
    expect(await bench.fixture.store.hasProof(job.id)).toBe(false);
  });

  it('is stored and told of as late where its holder was detached', async () => {
    const job = await bench.fixture.addJob();
    const { outcome } = await bench.begin();
    const call = await bench.prover.call(0);
    await bench.fixture.queue.producer.detach([job.id]);
    expect(call.signal?.aborted).toBe(false);
    call.finish();
    expect(await outcome).toBe('cancelled');
    expect(await bench.fixture.store.hasProof(job.id)).toBe(true);
    expect(bench.fixture.reports.at(-1)).toMatchObject({ kind: 'late', jobId: job.id, workerId: 'w1' });
  });
});

describe('a worker with a key', () => {
  it('signs the record, and the summary of its report says the same', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const job = await bench.fixture.addJob();
    const { outcome } = await bench.begin({ key: privateKey });
    (await bench.prover.call(0)).finish();
    expect(await outcome).toBe('proven');
    const record: ProofRecord = required(await bench.fixture.store.getProof(job.id));
    expect(verifySignature(record)).toBe(true);
    const report = bench.fixture.reports.at(-1);
    if (report?.kind !== 'proven') throw new Error('expected a proof');
    expect(verifySignature(report.summary)).toBe(true);
    expect(report.summary.signature).toEqual(record.signature);
  });
});
