import { setMaxListeners } from 'node:events';
import { EspalierError } from '../../common/index.js';
import { type JobLease, RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import { noClasses } from '../queue-errors.js';
import { HeldLease } from './held-lease.js';
import { decodeJob } from './job-entry.js';
import type { LeaseKeeper } from './lease-keeper.js';
import type { QueueScripts } from './queue-scripts.js';

/** Leases that one script hands out: a few milliseconds. */
const LEASES_PER_SCRIPT_MAX = 250;

interface PendingTake {
  readonly workerId: string;
  /** Bits, as the script has them. */
  readonly classes: number;
  readonly settle: (lease: JobLease | undefined) => void;
}

/** Equal takes of one worker. */
interface Group {
  readonly workerId: string;
  readonly classes: number;
  readonly takes: PendingTake[];
}

/**
 * The takes of this process. All that are pending go to Redis in one script; what is not satisfied goes again when a
 * message says that jobs of its classes came to wait (or `kick` is called, to be safe). One script at a time: those that
 * come meanwhile go together in the next.
 *
 * A take that is aborted while the script runs leaves a lease behind: another take of its worker gets it, else it is given
 * back.
 */
export class JobTaker {
  readonly #scripts: QueueScripts;
  readonly #keeper: LeaseKeeper;
  readonly #onTrouble: (message: string) => void;
  /** In the order of their coming. */
  readonly #pending = new Set<PendingTake>();
  #isAsking = false;
  #askAgain = false;
  #closed = false;

  constructor(scripts: QueueScripts, keeper: LeaseKeeper, onTrouble: (message: string) => void) {
    this.#scripts = scripts;
    this.#keeper = keeper;
    this.#onTrouble = onTrouble;
  }

  take(workerId: string, classes: readonly ResourceClass[], signal: AbortSignal): Promise<JobLease | undefined> {
    if (classes.length === 0) return Promise.reject(noClasses(workerId));
    if (this.#closed || signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#pending.delete(take);
        resolve(undefined);
      };
      const take: PendingTake = {
        workerId,
        classes: bitsOf(classes),
        settle: (lease) => {
          signal.removeEventListener('abort', onAbort);
          resolve(lease);
        },
      };
      // Any number of takes may wait on one worker's signal; Node would warn of a leak from the eleventh on.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pending.add(take);
      this.kick();
    });
  }

  /** Jobs of these classes came to wait. */
  wake(classes: readonly string[]): void {
    const woken = bitsOf(classes);
    for (const take of this.#pending) {
      if ((take.classes & woken) === 0) continue;
      this.kick();
      return;
    }
  }

  /** Asks Redis for what is pending. */
  kick(): void {
    if (this.#isAsking) {
      this.#askAgain = true;
      return;
    }
    if (this.#pending.size === 0) return;
    this.#isAsking = true;
    // After all promises that can go on have gone on: takes that follow from them join in.
    process.nextTick(() => this.#ask());
  }

  close(): void {
    this.#closed = true;
    const takes = [...this.#pending];
    this.#pending.clear();
    for (const take of takes) take.settle(undefined);
  }

  async #ask(): Promise<void> {
    try {
      do {
        this.#askAgain = false;
        for (const groups of this.#scriptfuls()) {
          if (this.#closed) return;
          const replies = await this.#scripts.take(groups);
          groups.forEach((group, index) => {
            this.#handOut(group, replies[index] ?? []);
          });
        }
      } while (this.#askAgain);
    } catch (thrown) {
      // The takes stay pending: whoever kicks next asks again.
      if (!this.#closed) this.#onTrouble(`no jobs can be taken: ${EspalierError.from(thrown).message}`);
    } finally {
      this.#isAsking = false;
    }
  }

  /** The pending takes, in parts that one script each may serve; neighbours that are alike are one group. */
  #scriptfuls(): readonly (readonly Group[])[] {
    const scriptfuls: Group[][] = [];
    let count = 0;
    for (const take of this.#pending) {
      if (count++ % LEASES_PER_SCRIPT_MAX === 0) scriptfuls.push([]);
      const groups = scriptfuls.at(-1);
      const last = groups?.at(-1);
      if (last?.workerId === take.workerId && last.classes === take.classes) last.takes.push(take);
      else groups?.push({ workerId: take.workerId, classes: take.classes, takes: [take] });
    }
    return scriptfuls;
  }

  #handOut({ workerId, takes }: Group, reply: readonly (string | number)[]): void {
    let next = 0;
    for (let at = 0; at < reply.length; at += 3) {
      const queued = decodeJob(String(reply[at + 1]));
      const lease = new HeldLease(queued, Number(reply[at]), workerId, String(reply[at + 2]));
      // What is handed out by a script that ran into `close` is given back there.
      if (this.#closed) return;
      this.#keeper.admit(lease);
      let take = takes[next++];
      while (take !== undefined && !this.#pending.has(take)) take = takes[next++];
      take ??= this.#another(lease);
      if (take === undefined) this.#giveBack(lease);
      else {
        this.#pending.delete(take);
        take.settle(lease);
      }
    }
  }

  #another({ workerId, job }: JobLease): PendingTake | undefined {
    const bits = bitsOf([job.resourceClass]);
    for (const take of this.#pending) {
      if (take.workerId === workerId && (take.classes & bits) !== 0) return take;
    }
    return undefined;
  }

  #giveBack(lease: JobLease): void {
    this.#keeper.release(lease).catch((thrown: unknown) => {
      const { code, message } = EspalierError.from(thrown);
      if (code !== 'lease-lost') this.#onTrouble(`job ${lease.job.id} cannot be given back: ${message}`);
    });
  }
}

function bitsOf(classes: readonly string[]): number {
  return RESOURCE_CLASSES.reduce((bits, name, index) => (classes.includes(name) ? bits | (1 << index) : bits), 0);
}
