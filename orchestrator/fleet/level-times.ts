import type { ProofTree } from '../plan/index.js';
import type { Task } from './task-lines.js';

/** What became of the time between the moment at which a job could begin and its proof. */
export interface SpentTime {
  /** In the queue, of the attempt that made the proof. */
  readonly waitingMs: number;
  /** That attempt itself. */
  readonly workingMs: number;
  /** Before it: attempts that failed, and the wait after each; the time until a straggler was tried a second time. */
  readonly lostMs: number;
}

/** Where the time of one level of the tree went. */
export interface LevelTime {
  readonly name: string;
  readonly jobs: number;
  /** Of all its jobs together. */
  readonly all: SpentTime;
  readonly longestWaitMs: number;
  /** When the first job of the level began, and the last was proven. */
  readonly firstStartMs: number;
  readonly lastEndMs: number;
  /**
   * Of its jobs on the *deciding chain*: the root, the child of it that was proven last, the child of that which was
   * proven last, and so on. Each began to wait when the one before it was proven, so all of the chain is the makespan.
   */
  readonly onChain: SpentTime & { readonly jobs: number };
}

const NOTHING: SpentTime = { waitingMs: 0, workingMs: 0, lostMs: 0 };

/** When each job of a tree was queued, begun and proven, by the attempt that counts. Times from the block's arrival. */
export class JobTimes {
  readonly #tree: ProofTree;
  readonly #enqueuedMs: Float64Array;
  readonly #startedMs: Float64Array;
  readonly #provenMs: Float64Array;

  constructor(tree: ProofTree) {
    this.#tree = tree;
    this.#enqueuedMs = new Float64Array(tree.size).fill(Number.NaN);
    this.#startedMs = new Float64Array(tree.size).fill(Number.NaN);
    this.#provenMs = new Float64Array(tree.size).fill(Number.NaN);
  }

  note(job: number, task: Pick<Task, 'enqueuedAtMs' | 'startedAtMs'>, nowMs: number): void {
    if (!Number.isNaN(this.#provenMs[job])) throw new Error(`job ${job} was proven twice`);
    this.#enqueuedMs[job] = task.enqueuedAtMs;
    this.#startedMs[job] = task.startedAtMs;
    this.#provenMs[job] = nowMs;
  }

  /** What the proofs took that count, by job number. */
  get durationsMs(): Float64Array {
    return this.#provenMs.map((provenMs, job) => provenMs - (this.#startedMs[job] ?? 0));
  }

  startedMs(job: number): number {
    return this.#startedMs[job] ?? Number.NaN;
  }

  provenMs(job: number): number {
    return this.#provenMs[job] ?? Number.NaN;
  }

  /** Once all jobs are proven. */
  levels(): readonly LevelTime[] {
    const tree = this.#tree;
    const chain = new Set(this.#chain());
    let first = 0;
    return tree.levels().map(({ name, jobs }) => {
      const spent = Array.from({ length: jobs }, (_, i) => this.#spent(first + i));
      const onChain = spent.filter((_, i) => chain.has(first + i));
      const level = {
        name,
        jobs,
        all: spent.reduce(plus, NOTHING),
        longestWaitMs: spent.reduce((longest, { waitingMs }) => Math.max(longest, waitingMs), 0),
        firstStartMs: this.#startedMs.subarray(first, first + jobs).reduce((a, b) => Math.min(a, b)),
        lastEndMs: this.#provenMs.subarray(first, first + jobs).reduce((a, b) => Math.max(a, b)),
        onChain: { ...onChain.reduce(plus, NOTHING), jobs: onChain.length },
      };
      first += jobs;
      return level;
    });
  }

  #chain(): number[] {
    const chain = [];
    for (let job: number | undefined = this.#tree.root; job !== undefined; job = this.#lastChild(job)) chain.push(job);
    return chain;
  }

  #lastChild(job: number): number | undefined {
    const children = this.#tree.childJobs(job);
    return children.reduce<number | undefined>(
      (last, child) => (last === undefined || this.provenMs(child) > this.provenMs(last) ? child : last),
      undefined,
    );
  }

  #spent(job: number): SpentTime {
    const last = this.#lastChild(job);
    const readyMs = last === undefined ? 0 : this.provenMs(last);
    const enqueuedMs = this.#enqueuedMs[job] ?? Number.NaN;
    return {
      lostMs: enqueuedMs - readyMs,
      waitingMs: this.startedMs(job) - enqueuedMs,
      workingMs: this.provenMs(job) - this.startedMs(job),
    };
  }
}

function plus(a: SpentTime, b: SpentTime): SpentTime {
  return {
    waitingMs: a.waitingMs + b.waitingMs,
    workingMs: a.workingMs + b.workingMs,
    lostMs: a.lostMs + b.lostMs,
  };
}
