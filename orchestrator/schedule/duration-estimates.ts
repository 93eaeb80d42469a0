import type { JobCircuit } from '../plan/child-params.js';

export type CircuitDurations = Readonly<Record<JobCircuit, number>>;

/** Proving times before anything was measured: Barretenberg 5, native, two threads. */
export const DEFAULT_DURATIONS_MS: CircuitDurations = {
  'public-vm': 3_000,
  'public-kernel-first': 25_000,
  'public-kernel-next': 25_000,
  'base-rollup-private': 12_500,
  'base-rollup-public': 12_500,
  'merge-rollup': 25_500,
  'root-rollup': 25_500,
  'root-rollup-single': 12_500,
};

/** Measurements that count equally; later ones fade in with the weight 1 / `SETTLED`. */
const SETTLED = 16;
/** Once a circuit is known a little, one measurement counts as at most this many times the estimate. */
const OUTLIER_FACTOR = 4;
const KNOWN_A_LITTLE = 3;

/** Latest measurements of a circuit that are kept, and how few of them say nothing about what is unusual. */
const SAMPLE = 64;
const SAMPLE_MIN = 8;

interface Estimate {
  ms: number;
  measurements: number;
  /** The latest measurements, as they were; the oldest is replaced. */
  readonly sample: number[];
}

/**
 * What a proof of each circuit is expected to take, learned from what proofs took. A circuit not measured yet is
 * expected to be off from its default as much as the measured ones are from theirs: this machine is slower or faster.
 */
export class DurationEstimates {
  readonly #defaults: CircuitDurations;
  readonly #measured = new Map<JobCircuit, Estimate>();
  #machineFactor = 1;

  constructor(defaults: CircuitDurations = DEFAULT_DURATIONS_MS) {
    this.#defaults = defaults;
  }

  observe(circuit: JobCircuit, wallMs: number): void {
    if (!Number.isFinite(wallMs) || wallMs < 0) return;
    const estimate = this.#measured.get(circuit) ?? { ms: 0, measurements: 0, sample: [] };
    const settled = estimate.measurements >= KNOWN_A_LITTLE;
    const ms = settled ? clamp(wallMs, estimate.ms / OUTLIER_FACTOR, estimate.ms * OUTLIER_FACTOR) : wallMs;
    estimate.sample[estimate.measurements % SAMPLE] = wallMs;
    estimate.measurements++;
    estimate.ms += (ms - estimate.ms) / Math.min(estimate.measurements, SETTLED);
    this.#measured.set(circuit, estimate);
    this.#machineFactor = this.#measureMachine();
  }

  /** Expected milliseconds of one proof. */
  readonly of = (circuit: JobCircuit): number =>
    this.#measured.get(circuit)?.ms ?? this.#defaults[circuit] * this.#machineFactor;

  /** What this share of a circuit's latest proofs took at most; undefined until enough of them were measured. */
  percentile(circuit: JobCircuit, share: number): number | undefined {
    const sample = this.#measured.get(circuit)?.sample ?? [];
    if (sample.length < SAMPLE_MIN) return undefined;
    return [...sample].sort((a, b) => a - b)[Math.ceil(sample.length * share) - 1];
  }

  #measureMachine(): number {
    let measuredMs = 0;
    let defaultMs = 0;
    for (const [circuit, estimate] of this.#measured) {
      measuredMs += estimate.ms;
      defaultMs += this.#defaults[circuit];
    }
    return defaultMs > 0 ? measuredMs / defaultMs : 1;
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
