import type { ErrorCode } from '../../common/index.js';
import type { JobId } from '../../proto/index.js';

/** What went wrong with a job so far. */
export interface JobHistory {
  /** The attempt that is in the queue, or was last. */
  attempt: number;
  readonly failures: Map<ErrorCode, number>;
  /** Reports of proofs by attempts up to this one say nothing any more: theirs may be the proof that was lost. */
  voidUpToAttempt: number;
  /** Set while the job is in backoff. */
  wakeAtMs: number | undefined;
}

/** Histories of the few jobs that have one: all others are at their first attempt and never failed. */
export class JobHistories {
  readonly #histories = new Map<JobId, JobHistory>();

  find(jobId: JobId): JobHistory | undefined {
    return this.#histories.get(jobId);
  }

  /** The job's history, begun now if it has none: whatever happens next to it is a later attempt. */
  begin(jobId: JobId): JobHistory {
    let history = this.#histories.get(jobId);
    if (history === undefined) {
      history = { attempt: 1, failures: new Map(), voidUpToAttempt: 0, wakeAtMs: undefined };
      this.#histories.set(jobId, history);
    }
    return history;
  }

  attempt(jobId: JobId): number {
    return this.#histories.get(jobId)?.attempt ?? 1;
  }

  /** Counts a new attempt and returns its number. */
  nextAttempt(jobId: JobId): number {
    const history = this.#histories.get(jobId);
    if (history === undefined) return 1;
    history.wakeAtMs = undefined;
    history.attempt++;
    return history.attempt;
  }

  /** Counts a failure and returns how many of its kind the job has had. */
  countFailure(jobId: JobId, code: ErrorCode): number {
    const { failures } = this.begin(jobId);
    const count = (failures.get(code) ?? 0) + 1;
    failures.set(code, count);
    return count;
  }

  /** The job's proof was lost: only later attempts can make up for it. */
  voidAttempts(jobId: JobId): void {
    const history = this.begin(jobId);
    history.voidUpToAttempt = history.attempt;
  }

  isVoid(jobId: JobId, attempt: number): boolean {
    return attempt <= (this.#histories.get(jobId)?.voidUpToAttempt ?? 0);
  }

  stopWaiting(jobId: JobId): void {
    const history = this.#histories.get(jobId);
    if (history !== undefined) history.wakeAtMs = undefined;
  }

  forget(isForgotten: (jobId: JobId) => boolean): void {
    for (const jobId of this.#histories.keys()) {
      if (isForgotten(jobId)) this.#histories.delete(jobId);
    }
  }
}
