import { type Abi, publicInputsOf } from '../../circuits/index.js';
import type { ProveRequest } from '../../native/index.js';
import { ClientProofs, type PreparedBlock } from '../../orchestrator/index.js';
import { DEFAULT_CIRCUIT_CLASSES, type Job, type JobId, type ProofRecord } from '../../proto/index.js';
import { readInputs, WitnessPool } from '../../worker/index.js';
import type { Engine } from './engine.js';

export interface JobRequest {
  readonly job: Job;
  readonly request: ProveRequest;
  /** Makes the witness once more, and nothing else. Not to be called when the next request was asked for. */
  readonly solve: () => Promise<ProveRequest['witness']>;
}

/** What is read of a proof that is verified in another one. */
export type ChildProofContent = Pick<ProofRecord, 'keyHash' | 'proof'>;

/**
 * Each job of a block as a prover takes it, with its witness, children first and one at a time. `proofOf` gives the proofs
 * of the block's own jobs; those of its senders are in the block. For measurements: whoever proves a block has a `Worker`.
 */
export async function* jobRequests(
  { prover, circuits, keys }: Engine,
  prepared: PreparedBlock,
  proofOf: (jobId: JobId) => Promise<ChildProofContent | undefined>,
  signal?: AbortSignal,
): AsyncGenerator<JobRequest> {
  const { tree, id } = prepared;
  const clientProofs = new ClientProofs(prepared, keys, prover.identity);
  const store = {
    getInputs: async (jobId: JobId) => prepared.inputs.of(tree.indexOf(jobId)),
    getProof: async (proofId: JobId) => (await clientProofs.find(proofId)) ?? proofOf(proofId),
  };
  const witnesses = prover.needsWitness ? new WitnessPool(1) : null;
  try {
    // Jobs are numbered so that children come first.
    for (let number = 0; number < tree.size; number++) {
      const job = tree.job(number, id, (circuit) => DEFAULT_CIRCUIT_CLASSES[circuit]);
      const circuit = circuits.circuit(job.circuit);
      const inputs = await readInputs(job, store, keys);
      const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, inputs);
      const solve = async () => (witnesses === null ? null : witnesses.solve(circuit, inputs, signal));
      const witness = await solve();
      yield { job, request: { circuit, key: keys.key(job.circuit), publicInputs, witness }, solve };
    }
  } finally {
    await witnesses?.close();
  }
}
