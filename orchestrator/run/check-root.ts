import { type Abi, publicInputsOf } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { Proof } from '../../proto/index.js';
import type { PreparedBlock } from './prepare-block.js';
import type { ProofChecks } from './stored-proofs.js';

/** Names of `RollupPublic`, for messages. */
const PUBLIC_INPUTS = ['keys hash', 'start root', 'end root', 'transactions', 'gas used', 'content hash'];

/**
 * Checks a root proof against what executing its block says it must expose, and verifies it with the key of this set of
 * circuits. Rejects with `verification-failed`, saying what is off.
 */
export async function checkRoot(
  { prover, circuits, keys }: ProofChecks,
  { tree, inputs }: Pick<PreparedBlock, 'tree' | 'inputs'>,
  root: Proof,
): Promise<void> {
  const circuit = circuits.circuit(tree.circuit(tree.root));
  const expected = publicInputsOf(circuit.artifact.abi as Abi, inputs.of(tree.root));
  if (root.publicInputs.length !== expected.length) {
    throw failed(`the root proof exposes ${root.publicInputs.length} values, and must expose ${expected.length}`);
  }
  for (const [index, value] of expected.entries()) {
    const found = root.publicInputs[index];
    if (found === value) continue;
    const what = PUBLIC_INPUTS[index] ?? `public input ${index}`;
    throw failed(`the root proof's ${what} is ${found}, and the block's is ${value}`);
  }
  const key = keys.key(circuit.spec.name);
  const proof = { proof: root.proof, publicInputs: root.publicInputs };
  if (await prover.verify({ circuit, key, proof })) return;
  throw failed(`the root proof does not verify with the key ${key.hash} of ${circuit.spec.name}`);
}

function failed(message: string): EspalierError {
  return new EspalierError('verification-failed', message, {
    remedy: 'do not accept this block; `espalier prove` makes a proof of it that verifies',
  });
}
