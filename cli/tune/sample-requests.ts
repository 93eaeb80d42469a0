import type { ProveRequest } from '../../native/index.js';
import { planExecution } from '../../orchestrator/index.js';
import { type JobId, sourceOf } from '../../proto/index.js';
import type { Engine } from '../run/engine.js';
import { type ChildProofContent, jobRequests } from '../run/job-requests.js';
import { makeBlock } from '../run/make-block.js';

/** One transaction with one call: its first two jobs are a VM proof, and a kernel that verifies it and the client's. */
const BLOCK = { txs: 1, calls: 1, seed: 1 } as const;
/** The VM, and of the other circuits one of two recursive verifications: they take the longest and the most memory. */
const CIRCUITS = ['public-vm', 'public-kernel-first'] as const;

export type SampleCircuit = (typeof CIRCUITS)[number];

export interface SampleRequest extends ProveRequest {
  readonly name: SampleCircuit;
}

/**
 * A real proof to be made of each kind of job, with its witness, one after the other: the proof of each is made once on
 * the way to the next.
 */
export async function* sampleRequests(
  engine: Engine,
  { threads, signal }: { readonly threads: number; readonly signal: AbortSignal },
): AsyncGenerator<SampleRequest> {
  const block = await makeBlock(engine, { ...BLOCK, threads, signal, onProgress: () => undefined });
  const prepared = await planExecution(sourceOf(block), engine, { signal });
  const made = new Map<JobId, ChildProofContent>();
  for await (const { job, request } of jobRequests(engine, prepared, async (id) => made.get(id), signal)) {
    const name = CIRCUITS.find((circuit) => circuit === job.circuit);
    if (name === undefined) return;
    yield { name, ...request };
    if (name === CIRCUITS.at(-1)) return;
    const { proof } = await engine.prover.prove(request, { threads, signal });
    made.set(job.id, { keyHash: request.key.hash, proof: proof.proof });
  }
}
