import { Noir } from '@noir-lang/noir_js';
import {
  CHILD_CIRCUITS,
  type CircuitInputs,
  createHasher,
  encodeInputs,
  type KeyHashes,
  loadCircuits,
  TAGS,
} from '../../circuits/index.js';
import { type AbiInputs, type CircuitName, toHex } from '../../proto/index.js';

/** Solving witnesses without proving: children are filled with zeros, since solving does not check child proofs. */
export const hasher = await createHasher();
export const keys = Object.fromEntries(
  CHILD_CIRCUITS.map((name, index) => [name, toHex(BigInt(index + 100))]),
) as KeyHashes;
export const keysHash = hasher.hash([TAGS.keys, ...CHILD_CIRCUITS.map((name) => BigInt(keys[name]))]);

const circuits = loadCircuits();
const solvers = new Map<CircuitName, Noir>();

/** The inputs of a circuit as its ABI takes them, with zeros for child proofs. */
function withEmptyChildren(call: CircuitInputs, keyHashes: KeyHashes): AbiInputs {
  const fields = (count: number) => new Array<string>(count).fill('0x0');
  const children = circuits
    .circuit(call.circuit)
    .spec.childParams.map((param): [string, AbiInputs] => [
      param,
      { vk: fields(115), proof: fields(param === 'client_proof' ? 458 : 410) },
    ]);
  return { ...encodeInputs(call, keyHashes), ...Object.fromEntries(children) };
}

/** Solves the witness of a circuit; rejects with the violated assertion's message when there is none. */
export async function solve(call: CircuitInputs, keyHashes = keys): Promise<void> {
  const { artifact } = circuits.circuit(call.circuit);
  const solver = solvers.get(call.circuit) ?? new Noir(artifact as unknown as ConstructorParameters<typeof Noir>[0]);
  solvers.set(call.circuit, solver);
  await solver.execute(withEmptyChildren(call, keyHashes) as Parameters<Noir['execute']>[0]);
}
