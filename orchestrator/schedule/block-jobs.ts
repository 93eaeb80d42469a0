import type { BlockId, JobId } from '../../proto/index.js';
import { at } from '../plan/at.js';
import { Bitset } from '../plan/bitset.js';
import type { JobCircuit } from '../plan/child-params.js';
import type { ProofTree } from '../plan/proof-tree.js';
import type { BlockSnapshot } from './events.js';
import { CIRCUIT_NUMBER, JOB_CIRCUITS, JobGroups } from './job-groups.js';
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
  readonly groups: JobGroups;
  /** Equal for all blocks that share any job: they begin with the same transaction on the same state. */
  readonly family: string;
  #kept: readonly ProofTree[];
  /** Its jobs that have a history. */
  readonly withHistory = new Set<JobId>();
  readonly #state: Uint8Array;
  readonly #waitingFor: Uint8Array;
  readonly #stored: Bitset;
  #leasedAtMs = new Map<number, number>();
  /** `#counts[level * JOB_STATES.length + state]`: jobs of a level in a state. */
  readonly #counts: Int32Array;
  /** Ready jobs by circuit number. */
  readonly #ready = new Int32Array(JOB_CIRCUITS.length);

  constructor(blockId: BlockId, tree: ProofTree, ageRank: number, finished: Bitset, kept: readonly ProofTree[] = []) {
    this.blockId = blockId;
    this.tree = tree;
    this.ageRank = ageRank;
    this.#kept = kept;
    this.family = tree.lineage(0);
    this.groups = new JobGroups(tree);
    this.#state = new Uint8Array(tree.size);
    this.#waitingFor = new Uint8Array(tree.size);
    this.#stored = new Bitset(tree.size);
    this.#counts = new Int32Array(tree.levels().length * JOB_STATES.length);
    const needed = neededJobs(tree, finished);
    for (let job = 0; job < tree.size; job++) {
      if (finished.has(job)) this.#stored.add(job);
      this.#state[job] = needed.has(job) ? CODES.blocked : CODES.proven;
      this.#count(job, undefined, at(this.#state, job));
      if (needed.has(job)) this.countMissingChildren(job);
    }
  }

  state(job: number): JobState {
    return at(JOB_STATES, at(this.#state, job));
  }

  setState(job: number, state: JobState, nowMs: number): void {
    this.#count(job, at(this.#state, job), CODES[state]);
    this.#state[job] = CODES[state];
    if (state === 'leased') this.#leasedAtMs.set(job, nowMs);
    // A new one, as in `CommandBuffer.clear`.
    else if (this.#leasedAtMs.delete(job) && this.#leasedAtMs.size === 0) this.#leasedAtMs = new Map();
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

  /** Trees none of whose proofs is to be deleted. */
  get kept(): readonly ProofTree[] {
    return this.#kept;
  }

  keepAlso(trees: readonly ProofTree[]): void {
    this.#kept = [...new Set([...this.#kept, ...trees])];
  }

  keepsProof(job: number): boolean {
    return this.#kept.some((tree) => tree === this.tree || tree.indexOf(this.tree.jobId(job)) >= 0);
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

  /** How many jobs of a circuit wait in the queue, or for the cores of the worker that took them. */
  readyOf(circuit: JobCircuit): number {
    return at(this.#ready, CIRCUIT_NUMBER[circuit]);
  }

  /** Jobs that are being proven, and since when, the longest first. */
  get leased(): ReadonlyMap<number, number> {
    return this.#leasedAtMs;
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

  #countOf(level: number, state: number): number {
    return at(this.#counts, level * JOB_STATES.length + state);
  }

  /** One job less in a state, if it was counted before, and one more in another. */
  #count(job: number, before: number | undefined, after: number): void {
    const level = this.tree.levelOf(job);
    const circuit = CIRCUIT_NUMBER[this.tree.circuit(job)];
    const group = this.groups.of(job, circuit);
    const add = (state: number, change: 1 | -1) => {
      const slot = level * JOB_STATES.length + state;
      this.#counts[slot] = at(this.#counts, slot) + change;
      if (state === CODES.proven) return;
      if (state === CODES.ready) this.#ready[circuit] = at(this.#ready, circuit) + change;
      group.left += change;
      if (state === CODES.leased) group.running += change;
      else if (state !== CODES.blocked) group.ready += change;
    };
    if (before !== undefined) add(before, -1);
    add(after, 1);
  }
}
