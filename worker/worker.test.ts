import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EspalierError } from '../common/index.js';
import type { Prover } from '../native/index.js';
import {
  BUILT_IN_PROFILES,
  BYTES_PER_GIB,
  type CircuitName,
  type Job,
  type JobLease,
  type Profile,
} from '../proto/index.js';
import type { JobConsumer } from '../queue/index.js';
import { settle } from '../tests/support/attempt-bench.js';
import { compileTestCircuit } from '../tests/support/compile-test-circuit.js';
import { GatedProver } from '../tests/support/gated-prover.js';
import { watchThreads } from '../tests/support/live-threads.js';
import { required, smallCircuits, WorkerFixture } from '../tests/support/worker-fixture.js';
import { Worker, type WorkerOptions, type WorkerStatus } from './worker.js';

const LAPTOP = { cores: 2, memoryBytes: 8 * BYTES_PER_GIB, gpus: 0 };
const BIG = { cores: 32, memoryBytes: 64 * BYTES_PER_GIB, gpus: 0 };
/** One core and 2 GiB: two proofs fit the laptop. */
const SIDE_BY_SIDE: Profile = {
  ...BUILT_IN_PROFILES.laptop,
  classes: { vm: { cores: 1, memoryGiB: 2, gpus: 0 }, rollup: { cores: 1, memoryGiB: 2, gpus: 0 } },
};
/** One core, and all of the memory: proofs of this profile never run side by side. */
const ONE_BY_ONE: Profile = {
  ...BUILT_IN_PROFILES.laptop,
  classes: { vm: { cores: 1, memoryGiB: 8, gpus: 0 }, rollup: { cores: 1, memoryGiB: 8, gpus: 0 } },
};

let fixture: WorkerFixture;
let prover: GatedProver;
const workers: Worker[] = [];

beforeEach(async () => {
  prover = new GatedProver();
  fixture = await WorkerFixture.create(prover);
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
});

function startWorker(options: Partial<WorkerOptions> = {}): Worker {
  const { witnesses: _witnesses, ...tools } = fixture.tools;
  const worker = new Worker({ ...tools, consumer: fixture.queue.consumer('w1'), machine: LAPTOP, ...options });
  workers.push(worker);
  worker.start();
  return worker;
}

async function addJobs(count: number, circuit: Job['circuit'] = 'base-rollup-private'): Promise<Job[]> {
  const jobs: Job[] = [];
  for (let n = 0; n < count; n++) jobs.push(await fixture.addJob(circuit));
  return jobs;
}

const kinds = () => fixture.reports.map((report) => report.kind);
const threads = () => prover.calls.map((call) => call.threads);

describe('Worker', () => {
  it('proves two jobs at once on two cores, and takes one more to be ready', async () => {
    const jobs = await addJobs(4);
    startWorker({ profile: SIDE_BY_SIDE });
    await prover.call(1);
    await settle();
    expect(threads()).toEqual([1, 1]);
    expect(kinds()).toEqual(['started', 'started']);
    await expectNextWaiting(required(jobs[3]));
    for (let n = 0; n < jobs.length; n++) (await prover.call(n)).finish();
    await fixture.reported('proven', 4);
    for (const job of jobs) expect(await fixture.store.hasProof(job.id)).toBe(true);
  });

  it('gives a lone job all cores', async () => {
    await addJobs(1);
    startWorker({ profile: SIDE_BY_SIDE });
    await prover.call(0);
    expect(threads()).toEqual([2]);
  });

  it('starts the next proof before the last one is verified and stored', async () => {
    await addJobs(2);
    startWorker({ profile: ONE_BY_ONE });
    const first = await prover.call(0);
    await settle();
    expect(prover.calls).toHaveLength(1);
    let openGate = () => {};
    prover.verifyGate = new Promise((resolve) => {
      openGate = resolve;
    });
    first.finish();
    await prover.call(1);
    expect(kinds()).toEqual(['started', 'started']);
    expect(threads()).toEqual([2, 2]);
    openGate();
    await fixture.reported('proven', 1);
  });

  it('takes no job ahead where it should not', async () => {
    const jobs = await addJobs(2);
    startWorker({ profile: ONE_BY_ONE, prefetch: 0 });
    const first = await prover.call(0);
    await settle();
    await expectNextWaiting(required(jobs[1]));
    first.finish();
    await fixture.reported('proven', 1);
    await prover.call(1);
  });

  it('packs what fits beside what runs, and lets a large job have its turn', async () => {
    const profile = BUILT_IN_PROFILES.production;
    await addJobs(4);
    await addJobs(1, 'public-vm');
    await addJobs(1);
    startWorker({ profile, machine: BIG });
    await prover.call(3);
    expect(threads()).toEqual([8, 8, 8, 8]);
    for (const n of [0, 1, 2]) (await prover.call(n)).finish();
    await fixture.reported('proven', 3);
    await settle();
    // The VM job waits for the whole machine, and the small one behind it waits too.
    expect(prover.calls).toHaveLength(4);
    (await prover.call(3)).finish();
    expect((await prover.call(4)).request.circuit.spec.name).toBe('public-vm');
    expect(threads()[4]).toBe(32);
  });

  it('asks for a large job beside small ones when its patience is over, and keeps room for it', async () => {
    const [first, second] = await runTwoSmall({ patienceMs: 1, prefetch: 0 });
    const [large] = await addJobs(1, 'public-vm');
    first.finish();
    await fixture.until(async () => !(await fixture.waits(required(large))));
    await addJobs(1);
    await settle();
    expect(prover.calls).toHaveLength(2);
    second.finish();
    expect((await prover.call(2)).request.circuit.spec.name).toBe('public-vm');
  });

  it('gives a large job back when it has kept room for it long enough', async () => {
    const [first] = await runTwoSmall({ patienceMs: 1, reservationMaxMs: 1, prefetch: 0 });
    const [large] = await addJobs(1, 'public-vm');
    first.finish();
    await fixture.until(async () => !(await fixture.waits(required(large))));
    await fixture.until(() => fixture.waits(required(large)));
    await addJobs(1);
    expect((await prover.call(2)).request.circuit.spec.name).toBe('base-rollup-private');
  });

  /** Two small proofs under way on a machine of the larger kind. */
  async function runTwoSmall(options: Partial<WorkerOptions>) {
    await addJobs(2);
    startWorker({ profile: BUILT_IN_PROFILES.production, machine: BIG, ...options });
    return [await prover.call(0), await prover.call(1)] as const;
  }

  it('says what it does, and what more it could', async () => {
    const heard: WorkerStatus[] = [];
    const worker = startWorker({ profile: BUILT_IN_PROFILES.production, machine: BIG });
    const stop = worker.onChange((status) => heard.push(status));
    const since = expect.closeTo(Date.now(), -5);
    await settle();
    const idle = { rollup: 4, vm: 1 };
    expect(worker.status()).toEqual({ state: 'working', running: 0, provingSinceMs: [], idleSinceMs: since, idle });
    await addJobs(2);
    const call = await prover.call(0);
    await prover.call(1);
    await settle();
    expect(worker.status()).toEqual({ state: 'working', running: 2, provingSinceMs: [since, since], idle: {} });
    call.finish();
    await fixture.reported('proven', 1);
    await settle();
    expect(heard.at(-1)).toEqual({ state: 'working', running: 1, provingSinceMs: [since], idle: { rollup: 2 } });
    stop();
    await worker.stop();
    expect(worker.status()).toEqual({
      ...{ state: 'draining', running: 0, provingSinceMs: [], idleSinceMs: since, idle: {} },
    });
    expect(heard.at(-1)).toMatchObject({ running: 1 });
  });

  it('asks for large jobs again when there is room for them', async () => {
    const profile = BUILT_IN_PROFILES.production;
    startWorker({ profile, machine: BIG, prefetch: 0 });
    await addJobs(2);
    await prover.call(1);
    await addJobs(1, 'public-vm');
    await settle();
    expect(prover.calls).toHaveLength(2);
    for (const call of prover.calls) call.finish();
    expect((await prover.call(2)).request.circuit.spec.name).toBe('public-vm');
  });

  it('takes only jobs of its classes', async () => {
    const [vm] = await addJobs(1, 'public-vm');
    await addJobs(1);
    startWorker({ classes: ['rollup'] });
    (await prover.call(0)).finish();
    await fixture.reported('proven', 1);
    await settle();
    expect(kinds()).toEqual(['started', 'proven']);
    expect(await fixture.store.hasProof(required(vm).id)).toBe(false);
  });

  it('starts another job at once when one is removed', async () => {
    const jobs = await addJobs(2);
    startWorker({ profile: ONE_BY_ONE });
    const first = await prover.call(0);
    await fixture.queue.producer.remove([required(jobs[0]).id]);
    expect(first.signal?.aborted).toBe(true);
    expect((await prover.call(1)).request.publicInputs).toEqual([`0x${'1'.padStart(64, '0')}`]);
  });

  it('goes on after a failure', async () => {
    await addJobs(2);
    startWorker({ profile: ONE_BY_ONE });
    (await prover.call(0)).fail(new EspalierError('prover-crashed', 'bb exited'));
    (await prover.call(1)).finish();
    await fixture.reported('proven', 1);
    expect(await fixture.reported('failed', 1)).toMatchObject([{ error: { code: 'prover-crashed' } }]);
  });

  it('takes no more jobs while a slow store holds many finished proofs', async () => {
    const jobs = await addJobs(30);
    let openGate = () => {};
    prover.verifyGate = new Promise((resolve) => {
      openGate = resolve;
    });
    startWorker({ profile: SIDE_BY_SIDE });
    const proveAll = (async () => {
      for (let n = 0; n < jobs.length; n++) (await prover.call(n)).finish();
    })();
    for (let n = 0; n < jobs.length; n++) await settle();
    expect(prover.calls.length).toBeGreaterThanOrEqual(16);
    expect(prover.calls.length).toBeLessThan(20);
    openGate();
    await proveAll;
    await fixture.reported('proven', jobs.length);
  });

  it('refuses a machine that is too small', () => {
    expect(() => startWorker({ profile: BUILT_IN_PROFILES.production })).toThrowError(
      expect.objectContaining({ code: 'resources-insufficient' }),
    );
  });
});

describe('Worker at its end', () => {
  it('drains: finishes what it proves, gives back the rest, takes no more', async () => {
    const jobs = await addJobs(3);
    const worker = startWorker({ profile: ONE_BY_ONE });
    const first = await prover.call(0);
    await settle();
    expect(kinds()).toEqual(['started']);
    const drained = worker.drain();
    await settle();
    first.finish();
    await drained;
    expect(kinds()).toEqual(['started', 'proven']);
    expect(await waitingIds()).toEqual(jobs.slice(1).map((job) => job.id));
    await worker.drain();
  });

  it('stops: gives back what it proves too', async () => {
    const jobs = await addJobs(3);
    const worker = startWorker({ profile: ONE_BY_ONE });
    const first = await prover.call(0);
    await settle();
    await worker.stop();
    expect(first.signal?.aborted).toBe(true);
    expect(await waitingIds()).toEqual(jobs.map((job) => job.id));
  });

  it('drains: gives back what is not finished within its grace', async () => {
    const jobs = await addJobs(2);
    const heard: string[] = [];
    const worker = startWorker({ profile: SIDE_BY_SIDE });
    worker.onChange(({ state }) => heard.push(state));
    const calls = [await prover.call(0), await prover.call(1)];
    const drained = worker.drain(1);
    calls[1]?.finish();
    await drained;
    expect(calls[0]?.signal?.aborted).toBe(true);
    expect(await waitingIds()).toContain(required(jobs[0]).id);
    await settle();
    expect(heard.at(-1)).toBe('draining');
  });

  it('drains: a shorter grace counts, a longer one does not', async () => {
    await addJobs(1);
    const worker = startWorker();
    await prover.call(0);
    const drained = worker.drain();
    void worker.drain(1);
    void worker.drain(1e9);
    await drained;
    expect(await waitingIds()).toHaveLength(1);
  });

  it('stops in the middle of draining', async () => {
    await addJobs(1);
    const worker = startWorker();
    await prover.call(0);
    const drained = worker.drain();
    await worker.stop();
    await drained;
    expect(await waitingIds()).toHaveLength(1);
  });

  it('ends while it waits for a job, and before it was started', async () => {
    await startWorker().stop();
    const { witnesses: _witnesses, ...tools } = fixture.tools;
    await new Worker({ ...tools, consumer: fixture.queue.consumer('w2'), machine: LAPTOP }).drain();
  });

  it('ends with its queue', async () => {
    await addJobs(1);
    const worker = startWorker();
    const call = await prover.call(0);
    await fixture.queue.close();
    expect(call.signal?.aborted).toBe(true);
    await worker.drain();
  });

  /** Ids of the jobs that wait in the queue, in order. */
  async function waitingIds(): Promise<string[]> {
    const ids: string[] = [];
    for (;;) {
      const lease = await takeNow(fixture.queue.consumer('other'));
      if (lease === undefined) return ids;
      ids.push(lease.job.id);
    }
  }
});

describe('Worker with a prover that needs witnesses', () => {
  const LEAF = 'fn main(x: pub Field) { assert(x != 1, "x is one"); }';

  it('makes them in threads, reports what does not satisfy its circuit, and leaves no thread behind', async () => {
    const threads = watchThreads();
    const leaf = await compileTestCircuit('base-rollup-private', LEAF);
    const simple = smallCircuits();
    const circuits = { circuit: (name: CircuitName) => (name === leaf.spec.name ? leaf : simple.circuit(name)) };
    fixture = await WorkerFixture.create(prover, circuits);
    // Their inputs are 0, 1 and 2.
    const [first, second] = await addJobs(3);
    const worker = startWorker({ prover: withWitnesses(prover), profile: SIDE_BY_SIDE });
    const call = await prover.call(0);
    // An uncompressed witness stack.
    expect(call.request.witness?.byteLength).toBeGreaterThan(20);
    await prover.call(1);
    for (const { finish } of prover.calls) finish();
    await fixture.reported('proven', 2);
    expect(await fixture.store.getSummary(required(first).id)).toMatchObject({ circuit: 'base-rollup-private' });
    expect(await fixture.reported('failed', 1)).toMatchObject([
      {
        jobId: required(second).id,
        error: { code: 'witness-unsatisfied', message: expect.stringContaining('x is one') },
      },
    ]);
    await worker.stop();
    await threads.ended();
  });

  function withWitnesses(inner: Prover): Prover {
    return {
      identity: inner.identity,
      needsWitness: true,
      prove: (request, options) => inner.prove(request, options),
      verify: (request) => inner.verify(request),
      computeKey: (circuit) => inner.computeKey(circuit),
      measure: (circuit) => inner.measure(circuit),
      stop: () => inner.stop(),
    };
  }
});

describe('Worker and a queue that fails', () => {
  it('says so, and tries again', async () => {
    await addJobs(1);
    const faults: EspalierError[] = [];
    const inner = fixture.queue.consumer('w1');
    let failures = 2;
    const consumer: JobConsumer = {
      ...inner,
      take: async (classes, signal) => {
        if (failures-- > 0) throw new EspalierError('store-unavailable', 'no connection');
        return inner.take(classes, signal);
      },
    };
    startWorker({ consumer, onFault: (error) => faults.push(error) });
    (await prover.call(0)).finish();
    await fixture.reported('proven', 1);
    expect(faults.map((error) => error.code)).toEqual(['store-unavailable', 'store-unavailable']);
  });

  it('says so when the end of an attempt cannot be told', async () => {
    await addJobs(1);
    const told = new Promise<EspalierError>((resolve) => {
      const consumer: JobConsumer = {
        ...fixture.queue.consumer('w1'),
        complete: async () => {
          throw new EspalierError('store-unavailable', 'no connection');
        },
      };
      startWorker({ consumer, onFault: resolve });
    });
    (await prover.call(0)).finish();
    expect(await told).toMatchObject({ code: 'store-unavailable' });
  });
});

/** The job that the worker has left in the queue. */
async function expectNextWaiting(job: Job): Promise<void> {
  const other = fixture.queue.consumer('other');
  const lease = required(await takeNow(other));
  expect(lease.job.id).toBe(job.id);
  await other.release(lease);
}

async function takeNow(consumer: JobConsumer): Promise<JobLease | undefined> {
  const controller = new AbortController();
  const taken = consumer.take(['vm', 'rollup'], controller.signal);
  controller.abort();
  return taken;
}
