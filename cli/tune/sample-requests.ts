import { type Abi, publicInputsOf } from '../../circuits/index.js';
import type { ProveRequest } from '../../native/index.js';
import { ClientProofs, planExecution } from '../../orchestrator/index.js';
import { DEFAULT_CIRCUIT_CLASSES, type JobId, type ProofRecord, sourceOf } from '../../proto/index.js';
import { readInputs, WitnessPool } from '../../worker/index.js';
import type { Engine } from '../run/engine.js';
import { makeBlock } from '../run/make-block.js';

/** One transaction with one call: a VM proof that needs no other, and a kernel that verifies it and the client's. */
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
  const { prover, circuits, keys } = engine;
  const block = await makeBlock(engine, { ...BLOCK, threads, signal, onProgress: () => undefined });
  const prepared = await planExecution(sourceOf(block), engine, { signal });
  const { tree, id } = prepared;
  const made = new Map<JobId, Pick<ProofRecord, 'keyHash' | 'proof'>>();
  const clientProofs = new ClientProofs(prepared, keys, prover.identity);
  const store = {
    getInputs: async (jobId: JobId) => prepared.inputs.of(tree.indexOf(jobId)),
    getProof: async (proofId: JobId) => (await clientProofs.find(proofId)) ?? made.get(proofId),
  };
  const witnesses = new WitnessPool(1);
  try {
    // Jobs are numbered so that children come first.
    for (const [number, name] of CIRCUITS.entries()) {
      const job = tree.job(number, id, (circuit) => DEFAULT_CIRCUIT_CLASSES[circuit]);
      const circuit = circuits.circuit(name);
      const inputs = await readInputs(job, store, keys);
      const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, inputs);
      const witness = prover.needsWitness ? await witnesses.solve(circuit, inputs, signal) : null;
      const request = { name, circuit, key: keys.key(name), publicInputs, witness };
      yield request;
      if (name === CIRCUITS.at(-1)) return;
      const { proof } = await prover.prove(request, { threads, signal });
      made.set(job.id, { keyHash: request.key.hash, proof: proof.proof });
    }
  } finally {
    await witnesses.close();
  }
}
