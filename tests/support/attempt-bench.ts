import { BUILT_IN_PROFILES, BYTES_PER_GIB, type Job, type JobLease, type ProofRecord } from '../../proto/index.js';
import type { JobConsumer } from '../../queue/index.js';
import { type AttemptOutcome, runAttempt } from '../../worker/attempt.js';
import type { KeepTools } from '../../worker/keep-proof.js';
import type { Slots } from '../../worker/slots.js';
import { GatedProver } from './gated-prover.js';
import { required, slotsFor, WorkerFixture } from './worker-fixture.js';

const MACHINE = { cores: 2, memoryBytes: 8 * BYTES_PER_GIB, gpus: 0 };

export interface BegunAttempt {
  readonly lease: JobLease;
  readonly outcome: Promise<AttemptOutcome>;
}

/** Attempts without the worker around them. */
export class AttemptBench {
  readonly slots: Slots = slotsFor(MACHINE, BUILT_IN_PROFILES.laptop);

  private constructor(
    readonly prover: GatedProver,
    readonly fixture: WorkerFixture,
  ) {}

  static async create(): Promise<AttemptBench> {
    const prover = new GatedProver();
    return new AttemptBench(prover, await WorkerFixture.create(prover));
  }

  /** Takes the next job and runs its attempt. `queue` replaces what the queue does. */
  async begin(
    tools: Partial<KeepTools> = {},
    ending: AbortSignal = new AbortController().signal,
    queue: Partial<JobConsumer> = {},
  ): Promise<BegunAttempt> {
    const consumer = this.fixture.queue.consumer('w1');
    const lease = required(await consumer.take(['vm', 'rollup'], new AbortController().signal));
    const slot = this.slots.enter(lease.job.resourceClass);
    const outcome = runAttempt(lease, slot, { ...consumer, ...queue }, { ...this.fixture.tools, ...tools }, ending);
    return { lease, outcome };
  }

  /** A proof that is in the store, made as any is. */
  async proveOne(job?: Job): Promise<ProofRecord> {
    const { id } = job ?? (await this.fixture.addJob());
    const { outcome } = await this.begin();
    (await this.prover.call(this.prover.calls.length)).finish();
    if ((await outcome) !== 'proven') throw new Error(`expected a proof, got ${await outcome}`);
    return required(await this.fixture.store.getProof(id));
  }

  /** The latest report, which is a failure. */
  lastFailure() {
    const report = this.fixture.reports.at(-1);
    if (report?.kind !== 'failed') throw new Error(`expected a failure, got ${JSON.stringify(report)}`);
    return report.error;
  }

  /** Kinds of the reports so far. */
  kinds(): readonly string[] {
    return this.fixture.reports.map((report) => report.kind);
  }

  /** The store, for tests to replace some of what it does. */
  storeOf(): KeepTools['store'] {
    const { store } = this.fixture;
    return {
      getInputs: (id) => store.getInputs(id),
      getProof: (id) => store.getProof(id),
      hasProof: (id) => store.hasProof(id),
      putProof: (record) => store.putProof(record),
    };
  }
}

export function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Rejects when the signal aborts. */
export function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
}

/** Lets everything that does not wait for the test, or for time, come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
