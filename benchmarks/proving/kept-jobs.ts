import { type Abi, publicInputsOf } from '../../circuits/index.js';
import { type Engine, OutputFolder } from '../../cli/index.js';
import type { ProveRequest } from '../../native/index.js';
import { EmbeddedStore, type JobCircuit, planExecution } from '../../orchestrator/index.js';
import { type Block, type JobId, sourceOf } from '../../proto/index.js';
import { readInputs, WitnessPool } from '../../worker/index.js';

export interface KeptJob {
  readonly jobId: JobId;
  readonly request: ProveRequest;
}

/**
 * Each job of a block that was proven with `--keep-proofs`, children first, as a prover takes it: the kept proofs are
 * put into its inputs and its witness is made, one at a time.
 */
export async function* keptJobs(engine: Engine, block: Block, folderPath: string): AsyncGenerator<KeptJob> {
  const { prover, circuits, keys } = engine;
  const source = sourceOf(block);
  const prepared = await planExecution(source, engine, {});
  const folder = await OutputFolder.open(folderPath, { blockId: source.id, srs: prover.identity.srs });
  const witnesses = prover.needsWitness ? new WitnessPool(1) : null;
  try {
    const { proofs } = await folder.claim(source);
    const store = new EmbeddedStore(prepared, proofs, keys, prover.identity);
    const { tree } = prepared;
    const classOf = (circuit: JobCircuit) => circuits.circuit(circuit).spec.resourceClass;
    // Jobs are numbered so that children come first.
    for (let number = 0; number < tree.size; number++) {
      const job = tree.job(number, prepared.id, classOf);
      const circuit = circuits.circuit(job.circuit);
      const inputs = await readInputs(job, store, keys);
      const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, inputs);
      const witness = witnesses === null ? null : await witnesses.solve(circuit, inputs);
      yield { jobId: job.id, request: { circuit, key: keys.key(job.circuit), publicInputs, witness } };
    }
  } finally {
    await witnesses?.close();
    await folder.close();
  }
}
