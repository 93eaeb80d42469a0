import { BackendType, BarretenbergSync } from '@aztec/bb.js';
import { FIELD_MODULUS, type Field, fieldFromBytes, fieldToBytes } from '../proto/index.js';

/** Poseidon2 over BN254 as docs/circuits.md defines it. Synchronous: one permutation is about 40 us. */
export interface Hasher {
  /** The sponge `H`: any number of field elements, one out. */
  hash(inputs: readonly Field[]): Field;
  /** The 4-to-1 compression of state tree nodes: `P([a, b, c, d])[0] + a`. */
  compress(a: Field, b: Field, c: Field, d: Field): Field;
  permute(state: readonly [Field, Field, Field, Field]): readonly [Field, Field, Field, Field];
}

let made: Promise<Hasher> | undefined;

/**
 * A hasher backed by Barretenberg's WASM in this very process: no child process to look after. It takes about 200 ms and
 * 50 MB to make, so a process makes it once; it holds no state between calls and nothing that needs releasing.
 */
export function createHasher(): Promise<Hasher> {
  made ??= makeHasher();
  return made;
}

async function makeHasher(): Promise<Hasher> {
  const api = await BarretenbergSync.new({ backend: BackendType.Wasm });
  const permute: Hasher['permute'] = (state) => {
    const [a, b, c, d] = api.poseidon2Permutation({ inputs: state.map(fieldToBytes) }).outputs.map(fieldFromBytes);
    if (a === undefined || b === undefined || c === undefined || d === undefined) {
      throw new Error('the Poseidon2 permutation did not return four elements');
    }
    return [a, b, c, d];
  };
  return {
    permute,
    // Barretenberg's own sponge is the same one; it spares a crossing into WASM for each group of three.
    hash: (inputs) => fieldFromBytes(api.poseidon2Hash({ inputs: inputs.map(fieldToBytes) }).hash),
    compress: (a, b, c, d) => (permute([a, b, c, d])[0] + a) % FIELD_MODULUS,
  };
}
