/** What a worker does, for whoever must choose one to stop. Milliseconds of one clock. */
export interface WorkerActivity {
  readonly nowMs: number;
  /** When each proof that it is making began. */
  readonly provingSinceMs: readonly number[];
  /** Since when it has no job; undefined while it has one, or where that is not known. */
  readonly idleSinceMs: number | undefined;
}

/**
 * A worker that ended its last job so recently counts as one that has a job: what picks workers to stop may not have heard
 * of it yet. Longer than deletion costs take to arrive.
 */
export const BUSY_HOLD_MS = 10_000;

/** The largest value of `controller.kubernetes.io/pod-deletion-cost`, a signed 32-bit integer; the least is one less than minus it. */
const COST_MAX = 2 ** 31 - 1;
/**
 * Costs of busy workers are so many seconds apart, and from there on twice as many: a proof of half a minute has three, each
 * of which is a request to the Kubernetes API.
 */
const STEP_SECONDS = 10;

/**
 * What it costs to stop a worker, as Kubernetes orders pods: the cheapest goes first. Busy ones cost the more the more
 * proving time would be lost, all their proofs together; the cost changes a few times a proof. Idle ones cost less than
 * nothing, and the less the shorter they are idle: the next job goes to the one that has waited for longest. So it is
 * also the same for as long as a worker is idle.
 */
export function deletionCost({ nowMs, provingSinceMs, idleSinceMs }: WorkerActivity): number {
  if (idleSinceMs !== undefined) return -Math.min(COST_MAX, Math.max(1, Math.round(idleSinceMs / 1_000)));
  const seconds = provingSinceMs.reduce((sum, sinceMs) => sum + Math.max(0, nowMs - sinceMs) / 1_000, 0);
  return 1 + Math.floor(Math.log2(1 + seconds / STEP_SECONDS));
}
