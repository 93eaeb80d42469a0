import type { ErrorCode, SerializedError } from '../../common/index.js';
import { type JobId, machineOf } from '../../proto/index.js';
import { exhausted, quarantined } from './final-errors.js';
import type { JobHistories } from './job-histories.js';
import { backoffMs, isMachineFault, retryPolicy } from './retry-policy.js';
import { WorkerReputation } from './worker-reputation.js';

/** Machines that die proving one job before it is given to no other. */
const MACHINES_LOST_MAX = 2;

export interface JobFailure {
  readonly jobId: JobId;
  readonly error: SerializedError;
  readonly workerId: string | undefined;
  /** Its worker died while it was proving the job. */
  readonly diedWithIt: boolean;
}

/** What becomes of a job that failed: it is tried again after `delayMs`, or failed for good. */
export type Verdict = { readonly delayMs: number } | { readonly final: SerializedError };

/** Counts what goes wrong, with jobs and through workers, against their budgets. */
export class JobFailures {
  readonly #histories: JobHistories;
  readonly #retries: Partial<Record<ErrorCode, number>> | undefined;
  readonly #reputation = new WorkerReputation();

  constructor(histories: JobHistories, retries: Partial<Record<ErrorCode, number>> | undefined) {
    this.#histories = histories;
    this.#retries = retries;
  }

  /** Returns why the worker is to be drained, where this is one too many. */
  countFault(workerId: string | undefined, code: ErrorCode): string | undefined {
    const isItsOwn = code === 'proof-invalid' || isMachineFault(code);
    return workerId === undefined || !isItsOwn ? undefined : this.#reputation.countFault(workerId, code);
  }

  judge({ jobId, error, workerId, diedWithIt }: JobFailure): Verdict {
    const failures = this.#histories.countFailure(jobId, error.code);
    const policy = retryPolicy(error.code, this.#retries);
    const isLoss = diedWithIt && workerId !== undefined;
    const lostOn = isLoss ? this.#histories.countLoss(jobId, machineOf(workerId)) : [];
    if (lostOn.length >= MACHINES_LOST_MAX) return { final: quarantined(jobId, lostOn) };
    if (failures > policy.retries) return { final: exhausted(jobId, error, failures, policy.retries) };
    return { delayMs: backoffMs(policy, failures) };
  }
}
