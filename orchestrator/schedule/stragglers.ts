import type { JobId, ResourceClass } from '../../proto/index.js';
import type { JobCircuit } from '../plan/child-params.js';
import type { BlockJobs } from './block-jobs.js';
import type { DurationEstimates } from './duration-estimates.js';
import { JOB_CIRCUITS } from './job-groups.js';
import type { Holder } from './open-blocks.js';

/** When a job has taken too long, and how much may be spent on second attempts. */
export interface StragglerPolicy {
  /** Longer than this percentile of its circuit's proofs ... */
  readonly percentile: number;
  /** ... times this. */
  readonly factor: number;
  /** Second attempts under way at a time, as a share of the running jobs; one is always allowed. */
  readonly shareMax: number;
  /** Time between two looks, and no job is worth a second attempt that ran for a shorter time. */
  readonly everyMs: number;
}

export const STRAGGLER_POLICY: StragglerPolicy = { percentile: 0.95, factor: 1.5, shareMax: 0.05, everyMs: 1_000 };

/** What is looked at. */
export interface StragglerView {
  readonly nowMs: number;
  readonly blocks: Iterable<BlockJobs>;
  readonly classOf: (holder: Holder) => ResourceClass;
  /** Whether the job had its second attempt already. */
  readonly isHedged: (jobId: JobId) => boolean;
  /** Whether this attempt is in the queue or being proven. */
  readonly isPresent: (jobId: JobId, attempt: number) => boolean;
}

/**
 * Finds the jobs that are proven for much longer than others of their circuit, while a worker of their class has nothing
 * to do. It looks at the running jobs at most once in `everyMs`, and asks to be woken for it only while there is idle
 * room, something runs, and enough was measured; what is done for a single report does not depend on how much runs.
 */
export class Stragglers {
  readonly #policy: StragglerPolicy;
  readonly #estimates: DurationEstimates;
  readonly #classOfCircuit: (circuit: JobCircuit) => ResourceClass;
  readonly #idle = new Map<ResourceClass, number>();
  /** Second attempts under way, by job; those that ended meanwhile go with the next look. */
  readonly #hedges = new Map<JobId, number>();
  #nextLookMs: number | undefined;

  constructor(
    policy: StragglerPolicy,
    estimates: DurationEstimates,
    classOfCircuit: (circuit: JobCircuit) => ResourceClass,
  ) {
    this.#policy = policy;
    this.#estimates = estimates;
    this.#classOfCircuit = classOfCircuit;
  }

  /** When to look again; undefined while nothing could be found. */
  get nextLookMs(): number | undefined {
    return this.#nextLookMs;
  }

  setIdle(idle: Readonly<Partial<Record<ResourceClass, number>>>, nowMs: number): void {
    this.#idle.clear();
    for (const [resourceClass, count] of Object.entries(idle) as [ResourceClass, number][]) {
      if (count > 0) this.#idle.set(resourceClass, count);
    }
    if (this.#idle.size === 0) this.#nextLookMs = undefined;
    else this.noteActivity(nowMs);
  }

  /** Jobs begin or end, so there may be something to find from now on. */
  noteActivity(nowMs: number): void {
    if (this.#nextLookMs !== undefined || this.#idle.size === 0) return;
    this.#nextLookMs = nowMs + this.#policy.everyMs;
  }

  isDue(nowMs: number): boolean {
    return this.#nextLookMs !== undefined && this.#nextLookMs <= nowMs;
  }

  /** A second attempt begins. */
  hedge(jobId: JobId, attempt: number): void {
    this.#hedges.set(jobId, attempt);
  }

  /** The jobs to try a second time now; each takes one idle place. Call when `isDue`. */
  find(view: StragglerView): Iterable<JobId> {
    const { nowMs } = view;
    for (const [jobId, attempt] of this.#hedges) if (!view.isPresent(jobId, attempt)) this.#hedges.delete(jobId);
    const blocks = [...view.blocks].sort((a, b) => a.ageRank - b.ageRank);
    const limits = this.#limits();
    const running = blocks.reduce((sum, block) => sum + block.leased.size, 0);
    const shortestMs = Math.min(...limits.values());
    let budget = Math.max(1, Math.floor(running * this.#policy.shareMax)) - this.#hedges.size;
    let nextMs = Number.POSITIVE_INFINITY;
    const waiting = this.#waitingClasses(blocks);
    const found = new Set<JobId>();
    for (const block of blocks) {
      for (const [job, sinceMs] of block.leased) {
        // All further ones run for a shorter time yet.
        if (nowMs - sinceMs < shortestMs) {
          nextMs = Math.min(nextMs, sinceMs + shortestMs);
          break;
        }
        const overdueMs = sinceMs + (limits.get(block.tree.circuit(job)) ?? Number.POSITIVE_INFINITY);
        const jobId = block.tree.jobId(job);
        // Blocks that share it would each find it.
        if (found.has(jobId) || view.isHedged(jobId)) continue;
        if (nowMs >= overdueMs && budget > 0 && this.#takeIdle(view.classOf({ block, job }), waiting)) {
          budget--;
          found.add(jobId);
        } else nextMs = Math.min(nextMs, overdueMs);
      }
    }
    // What begins after this look is not overdue before the shortest time has passed.
    const soonestMs = Math.max(nowMs + this.#policy.everyMs, Math.min(nextMs, nowMs + shortestMs));
    this.#nextLookMs = running > 0 && this.#idle.size > 0 && Number.isFinite(soonestMs) ? soonestMs : undefined;
    return found;
  }

  /** How long a proof of each circuit that is known well enough may take before it is one too many. */
  #limits(): Map<JobCircuit, number> {
    const limits = new Map<JobCircuit, number>();
    for (const circuit of JOB_CIRCUITS) {
      const usualMs = this.#estimates.percentile(circuit, this.#policy.percentile);
      if (usualMs !== undefined) limits.set(circuit, Math.max(this.#policy.everyMs, usualMs * this.#policy.factor));
    }
    return limits;
  }

  /** Classes that have jobs in the queue: what is idle is for them. (Each counts for the class of its circuit.) */
  #waitingClasses(blocks: readonly BlockJobs[]): ReadonlySet<ResourceClass> {
    const waiting = new Set<ResourceClass>();
    for (const circuit of JOB_CIRCUITS) {
      if (blocks.some((block) => block.readyOf(circuit) > 0)) waiting.add(this.#classOfCircuit(circuit));
    }
    return waiting;
  }

  #takeIdle(resourceClass: ResourceClass, waiting: ReadonlySet<ResourceClass>): boolean {
    const idle = this.#idle.get(resourceClass) ?? 0;
    if (idle === 0 || waiting.has(resourceClass)) return false;
    if (idle === 1) this.#idle.delete(resourceClass);
    else this.#idle.set(resourceClass, idle - 1);
    return true;
  }
}
