import type { JobCircuit } from '../plan/index.js';
import { type CircuitDurations, JOB_CIRCUITS } from '../schedule/index.js';

/** How long proofs of one circuit take, in milliseconds: always as long, about as long, or as long as some that were measured. */
export type DurationLaw =
  | { readonly kind: 'constant'; readonly ms: number }
  /** The logarithm is normally distributed about that of the median. */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number }
  /** Each as likely as any other. */
  | { readonly kind: 'samples'; readonly samplesMs: readonly number[] };

/** What the proofs of a simulated fleet take, and what becomes of them. */
export interface ProofTimes {
  readonly laws: Readonly<Record<JobCircuit, DurationLaw>>;
  /** Each duration varies evenly by up to this fraction of it either way; below 1. */
  readonly jitter: number;
  /** This share of all proofs takes so many times as long. */
  readonly stragglers: { readonly share: number; readonly factor: number };
  /** This share of all proofs fails, at any moment of its time with equal chance. */
  readonly failures: number;
}

/** Proofs that take as long as the law of their circuit says, without trouble. */
export function calmTimes(lawOf: (circuit: JobCircuit) => DurationLaw): ProofTimes {
  const laws = Object.fromEntries(JOB_CIRCUITS.map((circuit) => [circuit, lawOf(circuit)]));
  return {
    laws: laws as Record<JobCircuit, DurationLaw>,
    jitter: 0,
    stragglers: { share: 0, factor: 1 },
    failures: 0,
  };
}

/** Whether two runs may differ. */
export function isRandom({ laws, jitter, stragglers, failures }: ProofTimes): boolean {
  const varies = (law: DurationLaw) => law.kind !== 'constant';
  return jitter > 0 || stragglers.share > 0 || failures > 0 || Object.values(laws).some(varies);
}

/** What proofs of each circuit take on average, when nothing goes wrong. */
export function meanDurationsMs({ laws }: ProofTimes): CircuitDurations {
  const entries = Object.entries(laws).map(([circuit, law]) => [circuit, meanMs(law)] as const);
  return Object.fromEntries(entries) as Record<JobCircuit, number>;
}

/** What a proof of the law takes on average. */
function meanMs(law: DurationLaw): number {
  switch (law.kind) {
    case 'constant':
      return law.ms;
    case 'lognormal':
      return law.medianMs * Math.exp(law.sigma ** 2 / 2);
    case 'samples':
      return law.samplesMs.reduce((sum, ms) => sum + ms, 0) / law.samplesMs.length;
  }
}
