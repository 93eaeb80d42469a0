import { FIELD_MODULUS, type Field } from '../../proto/index.js';
import { createPermutation, type PermutationModule, place } from './permutation-code.js';

/** Poseidon2 over BN254 as docs/circuits.md defines it. Synchronous: one permutation is about 25 us. */
export interface Hasher {
  /** The sponge `H`: any number of field elements, one out. */
  hash(inputs: readonly Field[]): Field;
  /** The 4-to-1 compression of state tree nodes: `P([a, b, c, d])[0] + a`. */
  compress(a: Field, b: Field, c: Field, d: Field): Field;
  permute(state: readonly [Field, Field, Field, Field]): readonly [Field, Field, Field, Field];
}

let made: Promise<Hasher> | undefined;

/**
 * A hasher in this very process: no child process to look after. A process makes it once, in some 10 ms; it holds no state
 * between calls and nothing that needs releasing.
 */
export function createHasher(): Promise<Hasher> {
  made ??= createPermutation().then((module) => new WasmHasher(module));
  return made;
}

const RATE = 3;
const WORDS = 4;
const WORD_BITS = 64n;

class WasmHasher implements Hasher {
  readonly #module: PermutationModule;
  readonly #words: BigUint64Array;

  constructor(module: PermutationModule) {
    this.#module = module;
    this.#words = new BigUint64Array(module.memory.buffer, place.io, 4 * WORDS);
  }

  hash(inputs: readonly Field[]): Field {
    const module = this.#module;
    this.#writeThree(inputs, 0);
    this.#write(RATE, BigInt(inputs.length) << WORD_BITS);
    module.load();
    module.permute();
    for (let from = RATE; from < inputs.length; from += RATE) {
      this.#writeThree(inputs, from);
      module.absorb();
      module.permute();
    }
    module.store();
    return this.#read(0);
  }

  compress(a: Field, b: Field, c: Field, d: Field): Field {
    const sum = this.#permute(a, b, c, d) + a;
    return sum < FIELD_MODULUS ? sum : sum - FIELD_MODULUS;
  }

  permute([a, b, c, d]: readonly [Field, Field, Field, Field]): readonly [Field, Field, Field, Field] {
    return [this.#permute(a, b, c, d), this.#read(1), this.#read(2), this.#read(3)];
  }

  /** Lane 0. */
  #permute(a: Field, b: Field, c: Field, d: Field): Field {
    this.#write(0, a);
    this.#write(1, b);
    this.#write(2, c);
    this.#write(3, d);
    this.#module.load();
    this.#module.permute();
    this.#module.store();
    return this.#read(0);
  }

  #writeThree(inputs: readonly Field[], from: number): void {
    for (let lane = 0; lane < RATE; lane++) this.#write(lane, inputs[from + lane] ?? 0n);
  }

  /** A word of the array takes the low 64 bits of what it is given. */
  #write(lane: number, value: Field): void {
    const words = this.#words;
    for (let word = lane * WORDS, rest = value; word < (lane + 1) * WORDS; word++, rest >>= WORD_BITS)
      words[word] = rest;
  }

  #read(lane: number): Field {
    let value = 0n;
    for (let word = WORDS - 1; word >= 0; word--) {
      value = (value << WORD_BITS) | (this.#words[lane * WORDS + word] ?? 0n);
    }
    return value === FIELD_MODULUS ? 0n : value;
  }
}
