import type { CircuitName, ProofSummary } from '../../proto/index.js';

/** Whether who is named as a proof's maker vouches for it. */
export type SignatureState = 'good' | 'bad' | 'missing';

/** What one worker proved of a block. */
export interface ProverTally {
  /** null where nobody signed. */
  readonly publicKey: string | null;
  readonly workerId: string;
  /** Only proofs with a good signature are to be credited to the key. */
  readonly signature: SignatureState;
  readonly proofs: number;
  readonly byCircuit: Readonly<Partial<Record<CircuitName, number>>>;
  /** Wall time of the proving alone. */
  readonly provingMs: number;
  /** The same times the cores that each proof was given. */
  readonly coreMs: number;
}

/**
 * Who proved what, by key and worker, the most core time first. A row holds signatures of one state only, so that what
 * cannot be credited stands by itself. One summary a job: of two, both would count.
 */
export function tallyProvers(
  summaries: readonly ProofSummary[],
  isSignatureGood: (summary: ProofSummary) => boolean,
): readonly ProverTally[] {
  const groups = new Map<string, { first: ProofSummary; signature: SignatureState; all: ProofSummary[] }>();
  for (const summary of summaries) {
    const signature = summary.signature === null ? 'missing' : isSignatureGood(summary) ? 'good' : 'bad';
    const key = JSON.stringify([summary.signature?.publicKey, summary.workerId, signature]);
    const group = groups.get(key) ?? { first: summary, signature, all: [] };
    group.all.push(summary);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ first, signature, all }) => ({
      publicKey: first.signature?.publicKey ?? null,
      workerId: first.workerId,
      signature,
      proofs: all.length,
      byCircuit: countCircuits(all),
      provingMs: sum(all, ({ usage }) => usage.wallMs),
      coreMs: sum(all, ({ usage, threads }) => usage.wallMs * threads),
    }))
    .sort((a, b) => b.coreMs - a.coreMs);
}

function countCircuits(summaries: readonly ProofSummary[]): ProverTally['byCircuit'] {
  const counts: Partial<Record<CircuitName, number>> = {};
  for (const { circuit } of summaries) counts[circuit] = (counts[circuit] ?? 0) + 1;
  return counts;
}

function sum(summaries: readonly ProofSummary[], of: (summary: ProofSummary) => number): number {
  return summaries.reduce((total, summary) => total + of(summary), 0);
}
