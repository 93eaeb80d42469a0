import type { ErrorCode } from '../../common/index.js';

/** How often a job is tried again after failures of one kind, and how long it waits before each. */
export interface RetryPolicy {
  /** Failures of this kind that a job survives; the next one fails its block. */
  readonly retries: number;
  /** Wait after the first failure; doubles with each further one of this kind. */
  readonly delayMs: number;
  readonly delayMaxMs: number;
}

/**
 * Budgets by kind of failure, each counted for itself. What is not listed would fail the same way again, so it fails
 * the block at once.
 */
const POLICIES: Partial<Record<ErrorCode, RetryPolicy>> = {
  // Nobody's fault: the worker died, was drained or preempted. (But see `job-quarantined`.)
  'lease-lost': { retries: Number.POSITIVE_INFINITY, delayMs: 100, delayMaxMs: 1_000 },
  cancelled: { retries: Number.POSITIVE_INFINITY, delayMs: 100, delayMaxMs: 1_000 },
  // Trouble outside: tried for as long as it lasts, often enough to notice soon that it is over.
  'store-unavailable': { retries: Number.POSITIVE_INFINITY, delayMs: 250, delayMaxMs: 5_000 },
  'disk-full': { retries: Number.POSITIVE_INFINITY, delayMs: 250, delayMaxMs: 5_000 },
  'queue-unavailable': { retries: Number.POSITIVE_INFINITY, delayMs: 250, delayMaxMs: 5_000 },
  'queue-full': { retries: Number.POSITIVE_INFINITY, delayMs: 250, delayMaxMs: 5_000 },
  // The attempt's fault, perhaps not the next one's. Out of memory, the next one has a larger class.
  'out-of-memory': { retries: 1, delayMs: 1_000, delayMaxMs: 30_000 },
  'prover-crashed': { retries: 3, delayMs: 500, delayMaxMs: 30_000 },
  'prover-timeout': { retries: 3, delayMs: 500, delayMaxMs: 30_000 },
  // The wait of these is for the check of what is stored, which comes first.
  'proof-invalid': { retries: 3, delayMs: 500, delayMaxMs: 30_000 },
  'store-corrupt': { retries: 3, delayMs: 1_000, delayMaxMs: 30_000 },
};

/** What a worker's machine lacks, or a fault in its program. Others may have all they need. */
const MACHINE_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'prover-unavailable',
  'srs-missing',
  'srs-invalid',
  'srs-unsupported',
  'circuits-missing',
  'internal',
]);

const ELSEWHERE: RetryPolicy = { retries: 3, delayMs: 500, delayMaxMs: 5_000 };
const FAIL_AT_ONCE: RetryPolicy = { retries: 0, delayMs: 0, delayMaxMs: 0 };

/** `retries`: numbers of retries that take the place of the usual ones. */
export function retryPolicy(code: ErrorCode, retries: Partial<Record<ErrorCode, number>> = {}): RetryPolicy {
  const policy = POLICIES[code] ?? (isMachineFault(code) ? ELSEWHERE : FAIL_AT_ONCE);
  return { ...policy, retries: retries[code] ?? policy.retries };
}

/** Failures that say nothing of the job: unless told otherwise, it is tried for as long as they last. */
export function isTroubleOutside(code: ErrorCode): boolean {
  return retryPolicy(code).retries === Number.POSITIVE_INFINITY;
}

/** Failures that say more of the machine than of the job. */
export function isMachineFault(code: ErrorCode): boolean {
  return MACHINE_FAULTS.has(code);
}

/** Wait after the `failures`-th failure (from 1) of a kind. */
export function backoffMs(policy: RetryPolicy, failures: number): number {
  return Math.min(policy.delayMaxMs, policy.delayMs * 2 ** (failures - 1));
}
