import { createHasher, loadCircuits, loadKeys } from '../../circuits/index.js';
import { SimulatedProver } from '../../native/index.js';
import { type PrepareTools, sampleBlockParts } from '../../orchestrator/index.js';
import { type BlockPart, toHex } from '../../proto/index.js';

/** What preparing a block takes, with proofs that are simulated in no time. */
export async function simulatedTools(): Promise<PrepareTools & { readonly prover: SimulatedProver }> {
  const circuits = loadCircuits();
  const prover = new SimulatedProver({ defaultDurationMs: 0 });
  const { identity } = prover;
  const computeKey: Parameters<typeof loadKeys>[0]['computeKey'] = (circuit) => prover.computeKey(circuit);
  const keys = await loadKeys({ circuits, identity, computeKey, cacheFolder: '' });
  return { circuits, keys, prover, hasher: await createHasher() };
}

/** The sample block that `espalier block new --prover simulated` makes. */
export function simulatedBlockParts(
  { hasher, circuits, keys, prover }: Awaited<ReturnType<typeof simulatedTools>>,
  { txs, calls }: { readonly txs: number; readonly calls: number },
): AsyncGenerator<BlockPart> {
  const circuit = circuits.circuit('client');
  const key = keys.key('client');
  return sampleBlockParts(hasher, {
    txs,
    calls,
    seed: 1,
    proveClient: async ({ public: { nullifier, sender, callsHash } }) => {
      const publicInputs = [nullifier, sender, callsHash].map(toHex);
      const { proof } = await prover.prove({ circuit, key, publicInputs, witness: null }, { threads: 1 });
      return { proof: proof.proof, srs: prover.identity.srs };
    },
  });
}
