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

interface Group extends ProverTally {
  proofs: number;
  readonly byCircuit: Partial<Record<CircuitName, number>>;
  provingMs: number;
  coreMs: number;
}

/**
 * Who proved what, by key and worker, the most core time first. A row holds signatures of one state only, so that what
 * cannot be credited stands by itself. One summary a job: of two, both would count. However many there are, one is held.
 */
export async function tallyProvers(
  summaries: AsyncIterable<ProofSummary> | Iterable<ProofSummary>,
  isSignatureGood: (summary: ProofSummary) => boolean,
): Promise<readonly ProverTally[]> {
  const groups = new Map<string, Group>();
  for await (const summary of summaries) {
    const { workerId, circuit, usage, threads } = summary;
    const signature = summary.signature === null ? 'missing' : isSignatureGood(summary) ? 'good' : 'bad';
    const publicKey = summary.signature?.publicKey ?? null;
    const key = JSON.stringify([publicKey, workerId, signature]);
    const group = groups.get(key) ?? {
      ...{ publicKey, workerId, signature },
      ...{ proofs: 0, byCircuit: {}, provingMs: 0, coreMs: 0 },
    };
    groups.set(key, group);
    group.proofs += 1;
    group.byCircuit[circuit] = (group.byCircuit[circuit] ?? 0) + 1;
    group.provingMs += usage.wallMs;
    group.coreMs += usage.wallMs * threads;
  }
  return [...groups.values()].sort((a, b) => b.coreMs - a.coreMs);
}
