import type { JobId, QueuedJob } from '../../proto/index.js';

const SHARE_MAX = 0.05;

/** Holds one orchestrator to its word on second attempts: within budget, one a job, and only where someone is idle. */
export class HedgeWatch {
  /** Second attempts under way. */
  readonly #present = new Map<JobId, number>();
  readonly #hedged = new Set<JobId>();

  /**
   * `enqueued` goes with `detached`; what is only detached is a second attempt that failed, while its elder goes on.
   * `attemptOf`: what is queued of a job. Returns how many second attempts begin.
   */
  check(
    detached: readonly JobId[],
    enqueued: readonly QueuedJob[],
    running: number,
    idle: number,
    attemptOf: (jobId: JobId) => number | undefined,
  ): number {
    for (const [jobId, attempt] of this.#present) if (attemptOf(jobId) !== attempt) this.#present.delete(jobId);
    const begun = enqueued.filter(({ job }) => detached.includes(job.id));
    for (const { job, attempt } of begun) {
      if (idle === 0) throw new Error(`a second attempt at ${job.id} while nobody is idle`);
      if (this.#hedged.has(job.id)) throw new Error(`${job.id} is tried a third time`);
      this.#hedged.add(job.id);
      this.#present.set(job.id, attempt);
    }
    if (this.#present.size > Math.max(1, Math.floor(running * SHARE_MAX))) {
      throw new Error(`${this.#present.size} second attempts while ${running} jobs run`);
    }
    return begun.length;
  }

  /** The job is proven: should a block need it again, that is another matter. */
  end(jobId: JobId): void {
    this.#present.delete(jobId);
  }

  /** Jobs that no block has any more. */
  forget(isForgotten: (jobId: JobId) => boolean): void {
    for (const jobId of this.#hedged) {
      if (!isForgotten(jobId)) continue;
      this.#hedged.delete(jobId);
      this.#present.delete(jobId);
    }
  }
}
