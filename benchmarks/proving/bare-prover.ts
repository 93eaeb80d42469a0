import type { ProveRequest, Prover } from '../../native/index.js';
import type { Proof, ResourceUsage } from '../../proto/index.js';

export interface BareRun {
  readonly proof: Proof;
  readonly usage: ResourceUsage;
}

/** What Espalier is compared with: proofs made one after another, with nothing around them. */
export interface BareProver {
  /** Puts everything a proof takes where it is read from, which is not timed. What it gives makes the proof. */
  prepare(name: string, request: ProveRequest): Promise<() => Promise<BareRun>>;
}

/** The very prover that Espalier uses, called directly. */
export function bareCallsOf(prover: Prover, threads: number): BareProver {
  return { prepare: async (_name, request) => () => prover.prove(request, { threads }) };
}
