import type { KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, EspalierError, systemClock } from '../common/index.js';
import {
  countThatFit,
  type JobLease,
  type MachineResources,
  type ResourceClass,
  requireMachine,
  usedClasses,
  type WorkerInfo,
} from '../proto/index.js';
import type { JobConsumer } from '../queue/index.js';
import type { Request } from './asking.js';
import { runAttempt } from './attempt.js';
import type { KeepTools } from './keep-proof.js';
import type { ProofTools } from './make-proof.js';
import { pauseMs } from './retry.js';
import { type Slot, Slots } from './slots.js';
import { WitnessPool } from './witness-pool.js';

export interface WorkerOptions extends Omit<ProofTools, 'witnesses' | 'clock'> {
  readonly consumer: JobConsumer;
  /** What this worker may use of the machine, all of it together. */
  readonly machine: MachineResources;
  /** Classes of jobs to take. Default: all that the profile's circuits ask for. */
  readonly classes?: readonly ResourceClass[];
  /** Signs the records of proofs; ed25519, see `loadWorkerKey`. Default: they are not signed. */
  readonly key?: KeyObject;
  /** Jobs to take while nothing fits them, so that their witnesses are made while other proofs run. Default 1. */
  readonly prefetch?: number;
  /**
   * A class that does not fit beside what runs is asked for all the same when it was not for so long, and room is kept
   * for its job. Default 5,000.
   */
  readonly patienceMs?: number;
  /**
   * How long room is kept for a job before it is given back. Default 60,000: two proofs. Where proofs take longer it is
   * doubled until a job gets its turn, up to the profile's time limit.
   */
  readonly reservationMaxMs?: number;
  /** Hears of what no report can carry: the queue could not be reached. Default: a process warning. */
  readonly onFault?: (error: EspalierError) => void;
  readonly clock?: Clock;
}

/** What a worker does at this moment. */
export type WorkerStatus = Pick<WorkerInfo, 'state' | 'running' | 'provingSinceMs' | 'idleSinceMs' | 'idle'>;

/** One witness thread for so many cores: making a witness takes seconds at most, proving it half a minute. */
const CORES_PER_WITNESS_THREAD = 8;
const WITNESS_THREADS_MAX = 4;
/** Proofs that may be waiting for their verification and the store before no further job is taken. */
const FINISHING_MAX = 16;
const PATIENCE_MS = 5_000;
const RESERVATION_MAX_MS = 60_000;
/** The longest that Node's timers can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Made once: an exception of its own for each abort costs more than the rest of it. */
const WOKEN = new EspalierError('cancelled', 'the queue is asked for other jobs');

interface Attempt {
  readonly slot: Slot;
  /** When its job was taken, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Aborting it gives the job back to the queue. */
  readonly ending: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Takes jobs that fit the machine and proves them, several at once where cores and memory allow.
 *
 * A worker is *idle* until `start`; *working* until `drain` or `stop`, or until its queue is closed; then *draining*: it
 * takes nothing, jobs that have not begun to be proven go back to the queue, proofs under way are finished, or given back
 * too when the time for that is over (at once with `stop`). It has *ended* when every attempt has, and its threads are
 * gone. The prover is the caller's.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #classes: readonly ResourceClass[];
  readonly #slots: Slots;
  readonly #tools: KeepTools;
  readonly #clock: Clock;
  readonly #pool: WitnessPool | null;
  readonly #attempts = new Set<Attempt>();
  /** Since when it has no attempt, while it has none; in milliseconds since the epoch. */
  #idleSinceMs: number;
  readonly #ending = new AbortController();
  readonly #listeners = new Set<(status: WorkerStatus) => void>();
  #loop: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #graceUntilMs = Number.POSITIVE_INFINITY;
  /** Ends the present wait for a job, because another should take its place. */
  #wake: () => void = () => {};
  /** What the queue is asked for at this moment, unanswered. */
  #asked: Request | undefined;
  #telling: NodeJS.Immediate | undefined;
  #told = '';

  /** Throws `resources-insufficient` where one of the classes is more than the machine has. */
  constructor(options: WorkerOptions) {
    const { machine, profile, prover, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#idleSinceMs = Math.round(clock.nowMs());
    this.#classes = options.classes ?? usedClasses(profile);
    requireMachine(profile, machine, this.#classes);
    this.#slots = new Slots({
      machine,
      profile,
      offered: this.#classes,
      prefetch: options.prefetch ?? 1,
      patienceMs: options.patienceMs ?? PATIENCE_MS,
      reservationMaxMs: options.reservationMaxMs ?? RESERVATION_MAX_MS,
      nowMs: () => clock.monotonicMs(),
      onChange: () => this.#onChange(),
    });
    const threads = Math.min(WITNESS_THREADS_MAX, Math.ceil(machine.cores / CORES_PER_WITNESS_THREAD));
    this.#pool = prover.needsWitness ? new WitnessPool(threads) : null;
    this.#tools = { ...options, clock, witnesses: this.#pool };
  }

  /** Begins to take jobs. */
  start(): void {
    this.#loop ??= this.#takeJobs();
  }

  /** Proofs of each class that fit its machine at once, if it makes no others. */
  get capacity(): Readonly<Partial<Record<ResourceClass, number>>> {
    const { machine, profile } = this.#options;
    return Object.fromEntries(this.#classes.map((name) => [name, countThatFit(profile, name, machine)]));
  }

  status(): WorkerStatus {
    const { classes = [], toWait = [] } = this.#asked ?? {};
    const idle = classes
      .filter((name) => !toWait.includes(name))
      .map((name) => [name, this.#slots.idle(name)] as const);
    return {
      state: this.#ending.signal.aborted ? 'draining' : 'working',
      running: this.#attempts.size,
      provingSinceMs: [...this.#attempts].filter(({ slot }) => slot.granted).map(({ sinceMs }) => sinceMs),
      ...(this.#attempts.size > 0 ? {} : { idleSinceMs: this.#idleSinceMs }),
      idle: Object.fromEntries(idle),
    };
  }

  /** Calls when `status` has changed. Returns the way to stop listening. */
  onChange(listener: (status: WorkerStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes no more jobs, gives back at once those that have not begun to be proven, finishes the proofs under way for up
   * to `graceMs`, then gives those back too; resolves when nothing is left. Called again it can only shorten the grace.
   */
  drain(graceMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.#ending.abort();
    this.#wake();
    for (const { slot, ending } of this.#attempts) {
      if (!slot.granted) ending.abort();
    }
    const untilMs = this.#clock.monotonicMs() + graceMs;
    if (graceMs <= 0) this.#giveBackAll();
    else if (untilMs < this.#graceUntilMs) {
      this.#graceUntilMs = untilMs;
      clearTimeout(this.#graceTimer);
      this.#graceTimer = setTimeout(() => this.#giveBackAll(), Math.min(graceMs, TIMER_MS_MAX));
    }
    this.#ended ??= this.#end();
    this.#tellStatus();
    return this.#ended;
  }

  /** Gives back every job at once, the proofs under way included, and resolves when nothing is left. Idempotent. */
  stop(): Promise<void> {
    return this.drain(0);
  }

  #giveBackAll(): void {
    for (const { ending } of this.#attempts) ending.abort();
  }

  async #end(): Promise<void> {
    await this.#loop;
    while (this.#attempts.size > 0) await Promise.all([...this.#attempts].map((attempt) => attempt.ended));
    clearTimeout(this.#graceTimer);
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
        failures += 1;
        await delay(pauseMs(failures), undefined, { signal: this.#ending.signal }).catch(() => {});
      }
    }
  }

  /** Waits for a job, or until others should be asked for. False when the queue is closed. */
  async #takeJob(): Promise<boolean> {
    const waiting = new AbortController();
    const { signal } = waiting;
    this.#wake = () => waiting.abort(WOKEN);
    const request = this.#wanted();
    const { classes, untilMs } = request;
    const waitMs = Math.ceil(untilMs - this.#clock.monotonicMs());
    const timer = waitMs < TIMER_MS_MAX ? setTimeout(this.#wake, waitMs) : undefined;
    let lease: JobLease | undefined;
    try {
      this.#asked = request;
      const answer = classes.length > 0 ? this.#options.consumer.take(classes, signal) : aborted(signal);
      this.#tellStatus();
      lease = await answer;
    } finally {
      this.#asked = undefined;
      clearTimeout(timer);
    }
    this.#slots.ended(request, lease !== undefined);
    if (lease !== undefined) this.#begin(lease);
    return lease !== undefined || signal.aborted;
  }

  #wanted(): Request {
    const request = this.#slots.request();
    const finishing = this.#attempts.size - this.#slots.size;
    return finishing < FINISHING_MAX ? request : { ...request, classes: [], toWait: [] };
  }

  #begin(lease: JobLease): void {
    const ending = new AbortController();
    const slot = this.#slots.enter(lease.job.resourceClass, () => ending.abort());
    // Taken in the moment of draining: it goes straight back.
    if (this.#ending.signal.aborted) ending.abort();
    const ended = runAttempt(lease, slot, this.#options.consumer, this.#tools, ending.signal)
      .then(
        () => {},
        (thrown: unknown) => this.#report(thrown),
      )
      .finally(() => {
        this.#attempts.delete(attempt);
        this.#idleSinceMs = Math.round(this.#clock.nowMs());
        this.#onChange();
      });
    const attempt: Attempt = { slot, sinceMs: Math.round(this.#clock.nowMs()), ending, ended };
    this.#attempts.add(attempt);
  }

  #onChange(): void {
    const asked = this.#asked;
    if (asked !== undefined) {
      const { classes, untilMs } = this.#wanted();
      const same = classes.length === asked.classes.length && classes.every((name) => asked.classes.includes(name));
      if (!same || untilMs !== asked.untilMs) this.#wake();
    }
    this.#tellStatus();
  }

  /** Not at once: a worker that is given one job after another is idle in between for no time at all. */
  #tellStatus(): void {
    this.#telling ??= setImmediate(() => {
      this.#telling = undefined;
      const status = this.status();
      const text = JSON.stringify(status);
      if (text === this.#told) return;
      this.#told = text;
      for (const listener of this.#listeners) listener(status);
    });
  }

  #report(thrown: unknown): void {
    const error = EspalierError.from(thrown);
    if (this.#options.onFault) this.#options.onFault(error);
    else process.emitWarning(error.toLine(), { type: 'WorkerFault', code: error.code });
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
}
