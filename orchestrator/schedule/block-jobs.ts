import type { BlockId } from '../../proto/index.js';
import { at } from '../plan/at.js';
import { Bitset } from '../plan/bitset.js';
import type { JobCircuit } from '../plan/child-params.js';
import { type DurationOfCircuit, type JobTail, remainingPathOf } from '../plan/paths.js';
import type { ProofTree } from '../plan/proof-tree.js';
import type { BlockSnapshot } from './events.js';
import { neededJobs } from './needed-jobs.js';

const JOB_STATES = ['blocked', 'ready', 'backoff', 'leased', 'proven'] as const;

/** See `Scheduler` for what each means. */
export type JobState = (typeof JOB_STATES)[number];

const CODES = { blocked: 0, ready: 1, backoff: 2, leased: 3, proven: 4 } as const satisfies Record<JobState, number>;

/**
 * The jobs of one block: the state of each, how many children it waits for, whether its proof is stored, and the counts
 * that progress and estimates are made of. Three bytes a job and no object for any of them.
 */
export class BlockJobs {
  readonly blockId: BlockId;
  readonly tree: ProofTree;
  readonly ageRank: number;
  /** Equal for all blocks that share any job: they begin with the same transaction on the same state. */
  readonly family: string;
  readonly #state: Uint8Array;
  readonly #waitingFor: Uint8Array;
  readonly #stored: Bitset;
  readonly #leasedAtMs = new Map<number, number>();
  /** `#counts[level * JOB_STATES.length + state]`: jobs of a level in a state. */
  readonly #counts: Int32Array;
  readonly #toProve = new Map<JobCircuit, number>();

  constructor(blockId: BlockId, tree: ProofTree, ageRank: number, finished: Bitset) {
    this.blockId = blockId;
    this.tree = tree;
    this.ageRank = ageRank;
    this.family = tree.lineage(0);
    this.#state = new Uint8Array(tree.size);
    this.#waitingFor = new Uint8Array(tree.size);
    this.#stored = new Bitset(tree.size);
    this.#counts = new Int32Array(tree.levels().length * JOB_STATES.length);
    const needed = neededJobs(tree, finished);
    for (let job = 0; job < tree.size; job++) {
      if (finished.has(job)) this.#stored.add(job);
      this.#state[job] = needed.has(job) ? CODES.blocked : CODES.proven;
      this.#count(job, at(this.#state, job), 1);
      if (needed.has(job)) this.countMissingChildren(job);
    }
  }

  state(job: number): JobState {
    return at(JOB_STATES, at(this.#state, job));
  }

  setState(job: number, state: JobState, nowMs: number): void {
    this.#count(job, at(this.#state, job), -1);
    this.#state[job] = CODES[state];
    this.#count(job, CODES[state], 1);
    if (state === 'leased') this.#leasedAtMs.set(job, nowMs);
    else this.#leasedAtMs.delete(job);
  }

  /** In the queue, waiting or running. */
  isQueued(job: number): boolean {
    const state = at(this.#state, job);
    return state === CODES.ready || state === CODES.leased;
  }

  isProven(job: number): boolean {
    return at(this.#state, job) === CODES.proven;
  }

  /** Whether the job's own proof is in the store, as far as is known; a proven job's may have been deleted. */
  isStored(job: number): boolean {
    return this.#stored.has(job);
  }

  setStored(job: number, stored: boolean): void {
    if (stored) this.#stored.add(job);
    else this.#stored.delete(job);
  }

  /** Whether anything may still read the job's proof; the root's is for the user. */
  isProofNeeded(job: number): boolean {
    const parent = this.tree.parent(job);
    return parent < 0 || !this.isProven(parent);
  }

  /** Children whose proofs are not there yet. */
  waitingFor(job: number): number {
    return at(this.#waitingFor, job);
  }

  setWaitingFor(job: number, children: number): void {
    this.#waitingFor[job] = children;
  }

  countMissingChildren(job: number): void {
    this.#waitingFor[job] = this.tree.childJobs(job).filter((child) => !this.isStored(child)).length;
  }

  snapshot(): BlockSnapshot {
    const levels = this.tree.levels().map(({ name, jobs }, level) => {
      const done = this.#countOf(level, CODES.proven);
      const running = this.#countOf(level, CODES.leased);
      return { name, jobs, done, running, waiting: jobs - done - running };
    });
    const done = levels.reduce((sum, level) => sum + level.done, 0);
    return { blockId: this.blockId, jobs: this.tree.size, done, running: this.#leasedAtMs.size, levels };
  }

  /** Proving time left, summed over all jobs; what runs has done its share. */
  remainingWorkMs(durationOf: DurationOfCircuit, nowMs: number): number {
    let workMs = 0;
    for (const [circuit, jobs] of this.#toProve) workMs += jobs * durationOf(circuit);
    for (const job of this.#leasedAtMs.keys()) workMs -= this.#progressMs(job, durationOf, nowMs);
    return workMs;
  }

  /** What is left of every job that is still to prove. */
  *remainingJobs(durationOf: DurationOfCircuit, nowMs: number): Generator<JobTail> {
    for (let job = 0; job < this.tree.size; job++) {
      if (this.isProven(job)) continue;
      const durationMs = durationOf(this.tree.circuit(job));
      const tailMs = remainingPathOf(this.tree, job, durationOf) - durationMs;
      yield { durationMs: durationMs - this.#progressMs(job, durationOf, nowMs), tailMs };
    }
  }

  #progressMs(job: number, durationOf: DurationOfCircuit, nowMs: number): number {
    const leasedAtMs = this.#leasedAtMs.get(job);
    if (leasedAtMs === undefined) return 0;
    return Math.min(nowMs - leasedAtMs, durationOf(this.tree.circuit(job)));
  }

  #countOf(level: number, state: number): number {
    return at(this.#counts, level * JOB_STATES.length + state);
  }

  #count(job: number, state: number, change: 1 | -1): void {
    const slot = this.tree.levelOf(job) * JOB_STATES.length + state;
    this.#counts[slot] = at(this.#counts, slot) + change;
    if (state === CODES.proven) return;
    const circuit = this.tree.circuit(job);
    this.#toProve.set(circuit, (this.#toProve.get(circuit) ?? 0) + change);
  }
}
