import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, EspalierError, systemClock } from '../common/index.js';
import {
  type JobLease,
  type MachineResources,
  type ResourceClass,
  requireMachine,
  usedClasses,
} from '../proto/index.js';
import type { JobConsumer } from '../queue/index.js';
import { runAttempt } from './attempt.js';
import type { ProofTools } from './make-proof.js';
import { type Slot, Slots } from './slots.js';
import { WitnessPool } from './witness-pool.js';

export interface WorkerOptions extends Omit<ProofTools, 'witnesses' | 'clock'> {
  readonly consumer: JobConsumer;
  /** What this worker may use of the machine, all of it together. */
  readonly machine: MachineResources;
  /** Classes of jobs to take. Default: all that the profile's circuits ask for. */
  readonly classes?: readonly ResourceClass[];
  /** Jobs to take while nothing fits them, so that their witnesses are made while other proofs run. Default 1. */
  readonly prefetch?: number;
  /** Hears of what no report can carry: the queue could not be reached. Default: a process warning. */
  readonly onFault?: (error: EspalierError) => void;
  readonly clock?: Clock;
}

/** One witness thread for so many cores: making a witness takes seconds at most, proving it half a minute. */
const CORES_PER_WITNESS_THREAD = 8;
const WITNESS_THREADS_MAX = 4;
/** Proofs that may be waiting for their verification and the store before no further job is taken. */
const FINISHING_MAX = 16;
const RETRY_DELAY_MS_MIN = 100;
const RETRY_DELAY_MS_MAX = 5_000;

interface Attempt {
  readonly slot: Slot;
  /** Aborting it gives the job back to the queue. */
  readonly ending: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Takes jobs that fit the machine and proves them, several at once where cores and memory allow.
 *
 * A worker is *idle* until `start`; *working* until `drain` or `stop`, or until its queue is closed; then *ending*: it
 * takes nothing, jobs that have not begun to be proven go back to the queue, proofs under way are finished (`drain`) or
 * given back too (`stop`). It has *ended* when every attempt has, and its threads are gone. The prover is the caller's.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #classes: readonly ResourceClass[];
  readonly #slots: Slots;
  readonly #tools: ProofTools;
  readonly #pool: WitnessPool | null;
  readonly #attempts = new Set<Attempt>();
  readonly #ending = new AbortController();
  #loop: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  /** Ends the present wait for a job, because another should take its place. */
  #wake: () => void = () => {};
  #asked: readonly ResourceClass[] = [];

  /** Throws `resources-insufficient` where one of the classes is more than the machine has. */
  constructor(options: WorkerOptions) {
    const { machine, profile, prover, prefetch = 1, clock = systemClock } = options;
    this.#options = options;
    this.#classes = options.classes ?? usedClasses(profile);
    requireMachine(profile, machine, this.#classes);
    this.#slots = new Slots(machine, profile, prefetch, () => this.#onChange());
    const threads = Math.min(WITNESS_THREADS_MAX, Math.ceil(machine.cores / CORES_PER_WITNESS_THREAD));
    this.#pool = prover.needsWitness ? new WitnessPool(threads) : null;
    this.#tools = { ...options, clock, witnesses: this.#pool };
  }

  /** Begins to take jobs. */
  start(): void {
    this.#loop ??= this.#takeJobs();
  }

  /** Finishes the proofs under way, gives back the other jobs, and resolves when nothing is left. Idempotent. */
  drain(): Promise<void> {
    this.#ending.abort();
    this.#wake();
    for (const { slot, ending } of this.#attempts) {
      if (!slot.granted) ending.abort();
    }
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** Gives back every job, the proofs under way included, and resolves when nothing is left. Idempotent. */
  stop(): Promise<void> {
    for (const { ending } of this.#attempts) ending.abort();
    return this.drain();
  }

  async #end(): Promise<void> {
    await this.#loop;
    while (this.#attempts.size > 0) await Promise.all([...this.#attempts].map((attempt) => attempt.ended));
    await this.#pool?.close();
  }

  async #takeJobs(): Promise<void> {
    let failures = 0;
    while (!this.#ending.signal.aborted) {
      try {
        const again = await this.#takeJob();
        if (!again) return;
        failures = 0;
      } catch (thrown) {
        this.#report(thrown);
        const delayMs = Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** failures++);
        await delay(delayMs, undefined, { signal: this.#ending.signal }).catch(() => {});
      }
    }
  }

  /** Waits for a job, or until others should be asked for. False when the queue is closed. */
  async #takeJob(): Promise<boolean> {
    const waiting = new AbortController();
    this.#wake = () => waiting.abort();
    this.#asked = this.#wanted();
    if (this.#asked.length === 0) {
      await new Promise((resolve) => waiting.signal.addEventListener('abort', resolve, { once: true }));
      return true;
    }
    const lease = await this.#options.consumer.take(this.#asked, waiting.signal);
    if (lease !== undefined) this.#begin(lease);
    return lease !== undefined || waiting.signal.aborted;
  }

  #wanted(): readonly ResourceClass[] {
    const finishing = this.#attempts.size - this.#slots.size;
    return finishing < FINISHING_MAX ? this.#slots.classesToTake(this.#classes) : [];
  }

  #begin(lease: JobLease): void {
    const slot = this.#slots.enter(lease.job.resourceClass);
    const ending = new AbortController();
    // Taken in the moment of draining: it goes straight back.
    if (this.#ending.signal.aborted) ending.abort();
    const ended = runAttempt(lease, slot, this.#options.consumer, this.#tools, ending.signal)
      .then(
        () => {},
        (thrown: unknown) => this.#report(thrown),
      )
      .finally(() => {
        this.#attempts.delete(attempt);
        this.#onChange();
      });
    const attempt: Attempt = { slot, ending, ended };
    this.#attempts.add(attempt);
  }

  #onChange(): void {
    const wanted = this.#wanted();
    const asked = this.#asked;
    if (wanted.length !== asked.length || wanted.some((name) => !asked.includes(name))) this.#wake();
  }

  #report(thrown: unknown): void {
    const error = EspalierError.from(thrown);
    if (this.#options.onFault) this.#options.onFault(error);
    else process.emitWarning(error.toLine(), { type: 'WorkerFault', code: error.code });
  }
}
