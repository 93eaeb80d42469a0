import { type Abi, type ClientInputs, encodeInputs, publicInputsOf } from '../../circuits/index.js';
import { sampleBlockParts } from '../../orchestrator/index.js';
import { type Block, type BlockPart, type ClientProof, collectBlock } from '../../proto/index.js';
import { WitnessPool } from '../../worker/index.js';
import type { ProvingTimes } from '../measures/index.js';
import type { Engine } from './engine.js';

export interface MakeBlockOptions {
  readonly txs: number;
  readonly calls: number | readonly number[];
  readonly seed: number;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
  /** Where to note how long the proofs took. */
  readonly times?: ProvingTimes;
}

/** The whole of `makeBlockParts`: for small ones. */
export function makeBlock(engine: Engine, options: MakeBlockOptions): Promise<Block> {
  return collectBlock(makeBlockParts(engine, options));
}

/** A sample block whose client proofs are made by the client circuit, as each sender would make hers. */
export async function* makeBlockParts(engine: Engine, options: MakeBlockOptions): AsyncGenerator<BlockPart> {
  const { prover, circuits, keys, hasher } = engine;
  const { signal, threads, times } = options;
  const circuit = circuits.circuit('client');
  const witnesses = prover.needsWitness ? new WitnessPool(1) : null;
  const proveClient = async (inputs: ClientInputs): Promise<ClientProof> => {
    const encoded = encodeInputs({ circuit: 'client', inputs }, keys.hashes);
    const witness = witnesses === null ? null : await witnesses.solve(circuit, encoded, signal);
    const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, encoded);
    const { proof, usage } = await prover.prove(
      { circuit, key: keys.key('client'), publicInputs, witness },
      { threads, signal },
    );
    times?.record({ circuit, prover: prover.identity, threads, wallMs: usage.wallMs });
    return { proof: proof.proof, srs: prover.identity.srs };
  };
  try {
    yield* sampleBlockParts(hasher, { ...options, proveClient });
  } finally {
    await times?.flush();
    await witnesses?.close();
  }
}
