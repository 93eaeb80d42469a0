import type { CircuitName } from '../../proto/index.js';

/**
 * What a proof takes where nothing is measured yet, in milliseconds: native Barretenberg on two threads. Only the
 * proportions matter once anything was measured. From gate counts: a client or VM circuit holds no recursive
 * verification, base circuits and the single root hold one (12.5 s), kernels and joins two (25.5 s).
 */
export const DEFAULT_JOB_MS: Readonly<Record<CircuitName, number>> = {
  client: 1_000,
  'public-vm': 4_000,
  'public-kernel-first': 25_500,
  'public-kernel-next': 25_500,
  'base-rollup-private': 12_500,
  'base-rollup-public': 12_500,
  'merge-rollup': 25_500,
  'root-rollup': 25_500,
  'root-rollup-single': 12_500,
};

/** How long jobs take, by circuit: the mean of what was measured, and a scaled default where nothing was. */
export class JobDurations {
  readonly #measured = new Map<CircuitName, { count: number; sumMs: number }>();

  /** Takes one finished job; a time that is not a positive number is ignored. */
  record(circuit: CircuitName, wallMs: number): void {
    if (!Number.isFinite(wallMs) || wallMs <= 0) return;
    const entry = this.#measured.get(circuit) ?? { count: 0, sumMs: 0 };
    this.#measured.set(circuit, { count: entry.count + 1, sumMs: entry.sumMs + wallMs });
  }

  get isMeasured(): boolean {
    return this.#measured.size > 0;
  }

  /** Positive and finite. */
  expectedMs(circuit: CircuitName): number {
    const entry = this.#measured.get(circuit);
    return entry ? entry.sumMs / entry.count : DEFAULT_JOB_MS[circuit] * this.#ratioToDefaults();
  }

  /** How much slower this machine is than the defaults, over all jobs measured. */
  #ratioToDefaults(): number {
    let measuredMs = 0;
    let defaultMs = 0;
    for (const [circuit, { count, sumMs }] of this.#measured) {
      measuredMs += sumMs;
      defaultMs += count * DEFAULT_JOB_MS[circuit];
    }
    return defaultMs === 0 ? 1 : measuredMs / defaultMs;
  }
}
