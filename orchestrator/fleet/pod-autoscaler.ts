import type { PodPool } from './pod-pool.js';

/** How KEDA and the HorizontalPodAutoscaler that it makes are set up. Milliseconds; defaults as theirs. */
export interface AutoscalerTiming {
  /** How often KEDA asks whether there should be pods at all (`pollingInterval`). */
  readonly pollMs: number;
  /** For how long there must be nothing to do before it goes to none (`cooldownPeriod`). */
  readonly cooldownMs: number;
  /** How often the HorizontalPodAutoscaler looks. */
  readonly syncMs: number;
  /** It goes down no further than to the most that it would have gone to in this time (`stabilizationWindowSeconds`). */
  readonly stabilizationMs: number;
}

export const AUTOSCALER_DEFAULTS: AutoscalerTiming = {
  pollMs: 30_000,
  cooldownMs: 300_000,
  syncMs: 15_000,
  stabilizationMs: 300_000,
};

/** `--horizontal-pod-autoscaler-tolerance`: a ratio nearer to 1 changes nothing. */
const TOLERANCE = 0.1;

/**
 * What KEDA and a HorizontalPodAutoscaler make of a metric with target 1 per pod (`AverageValue`). KEDA goes from none to
 * one pod, and to none when there was nothing to do for `cooldownMs`; between one and the maximum the other goes to
 * `ceil(metric)`, unless that is within a tenth of what there is.
 */
export class PodAutoscaler {
  readonly #pool: PodPool;
  readonly #timing: AutoscalerTiming;
  #activeMs = Number.NEGATIVE_INFINITY;
  #recommended: { readonly atMs: number; readonly replicas: number }[] = [];

  constructor(pool: PodPool, timing: AutoscalerTiming) {
    this.#pool = pool;
    this.#timing = timing;
  }

  /** KEDA's look. */
  poll(isActive: boolean, nowMs: number): void {
    const { replicas } = this.#pool;
    if (isActive) {
      this.#activeMs = nowMs;
      if (replicas === 0) this.#pool.scaleTo(1);
    } else if (replicas > 0 && nowMs - this.#activeMs >= this.#timing.cooldownMs) {
      this.#pool.scaleTo(0);
      this.#recommended = [];
    }
  }

  /** The HorizontalPodAutoscaler's. */
  sync(metric: number, nowMs: number): void {
    const { replicas, plan } = this.#pool;
    // A Deployment with none is switched off as far as it is concerned.
    if (replicas === 0) return;
    const isClose = Math.abs(metric / replicas - 1) <= TOLERANCE;
    const desired = Math.min(plan.workersMax, Math.max(1, isClose ? replicas : Math.ceil(metric)));
    const { stabilizationMs } = this.#timing;
    this.#recommended = this.#recommended.filter(({ atMs }) => nowMs - atMs < stabilizationMs);
    this.#recommended.push({ atMs: nowMs, replicas: desired });
    const most = this.#recommended.reduce((max, one) => Math.max(max, one.replicas), 0);
    this.#pool.scaleTo(desired >= replicas ? desired : Math.min(replicas, most));
  }
}
