import {
  assemble,
  clientPublic,
  contractAddress,
  createHasher,
  loadCircuits,
  loadKeys,
  programHash,
} from '../../circuits/index.js';
import type { Engine } from '../../cli/run/engine.js';
import { makeBlock } from '../../cli/run/make-block.js';
import { SimulatedProver } from '../../native/index.js';
import { type Block, type Call, type Contract, type Transaction, toHex } from '../../proto/index.js';

/** Simulated proofs in no time, which `--prover simulated` takes for its own. */
export async function simulatedEngine(): Promise<Engine> {
  const circuits = loadCircuits();
  const prover = new SimulatedProver({ defaultDurationMs: 0 });
  const keys = await loadKeys({
    circuits,
    identity: prover.identity,
    computeKey: (circuit) => prover.computeKey(circuit),
    cacheFolder: '',
  });
  return { prover, circuits, keys, hasher: await createHasher(), stop: () => prover.stop() };
}

/** A sample block whose client proofs are simulated; `calls` of each transaction. */
export function simulatedBlock(engine: Engine, calls: readonly number[], seed = 1): Promise<Block> {
  const { signal } = new AbortController();
  return makeBlock(engine, { txs: calls.length, calls, seed, threads: 1, signal, onProgress: () => undefined });
}

/** The block with other calls in its first transaction, and a client proof of exactly these. */
export async function withCalls(engine: Engine, block: Block, calls: readonly Call[]): Promise<Block> {
  const [first, ...others] = block.transactions;
  if (first === undefined) throw new Error('the block has no transaction');
  const changed: Transaction = { ...first, calls };
  const { nullifier, sender, callsHash } = clientPublic(engine.hasher, changed);
  const { proof } = await engine.prover.prove(
    {
      circuit: engine.circuits.circuit('client'),
      key: engine.keys.key('client'),
      publicInputs: [nullifier, sender, callsHash].map(toHex),
      witness: null,
    },
    { threads: 1 },
  );
  return { ...block, transactions: [{ ...changed, clientProof: { proof: proof.proof, srs: 'none' } }, ...others] };
}

/** A contract of this program. */
export function contractOf({ hasher }: Engine, name: string, source: string): Contract {
  return { name, salt: 1n, source, address: contractAddress(hasher, programHash(hasher, assemble(source)), 1n) };
}
