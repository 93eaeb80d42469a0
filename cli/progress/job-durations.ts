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

/**
 * How long jobs take, by circuit: the mean of what this run measured; where it measured nothing, what earlier runs took
 * on this machine, else a default, scaled by how this run's jobs compare with what was expected of them.
 */
export class JobDurations {
  readonly #measured = new Map<CircuitName, { count: number; sumMs: number }>();
  readonly #priors: ReadonlyMap<CircuitName, number>;

  /** `priors`: what earlier runs measured. */
  constructor(priors: ReadonlyMap<CircuitName, number> = new Map()) {
    this.#priors = priors;
  }

  /** Takes one finished job; a time that is not a positive number is ignored. */
  record(circuit: CircuitName, wallMs: number): void {
    if (!Number.isFinite(wallMs) || wallMs <= 0) return;
    const entry = this.#measured.get(circuit) ?? { count: 0, sumMs: 0 };
    this.#measured.set(circuit, { count: entry.count + 1, sumMs: entry.sumMs + wallMs });
  }

  get isMeasured(): boolean {
    return this.#measured.size > 0 || this.#priors.size > 0;
  }

  /** Positive and finite. */
  expectedMs(circuit: CircuitName): number {
    const entry = this.#measured.get(circuit);
    return entry ? entry.sumMs / entry.count : this.#priorMs(circuit) * this.#ratioToPriors();
  }

  /** A circuit that no run has proven here is as much slower than its default as those that were. */
  #priorMs(circuit: CircuitName): number {
    const prior = this.#priors.get(circuit);
    if (prior !== undefined) return prior;
    const known = [...this.#priors];
    return DEFAULT_JOB_MS[circuit] * ratio(known.map(([name, priorMs]) => [priorMs, DEFAULT_JOB_MS[name]]));
  }

  /** How much slower this run is than was expected, over all jobs measured. */
  #ratioToPriors(): number {
    const measured = [...this.#measured];
    return ratio(measured.map(([name, { count, sumMs }]) => [sumMs, count * this.#priorMs(name)]));
  }
}

/** Sum of the first numbers over the sum of the second; 1 for none. */
function ratio(pairs: readonly (readonly [number, number])[]): number {
  const sum = (index: 0 | 1): number => pairs.reduce((total, pair) => total + pair[index], 0);
  return pairs.length === 0 ? 1 : sum(0) / sum(1);
}
