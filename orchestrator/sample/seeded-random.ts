import { createHash } from 'node:crypto';
import { FIELD_MODULUS, type Field } from '../../proto/index.js';

/** Numbers that follow from a seed: sha256 of the seed and a counter. For samples, never for secrets of worth. */
export class SeededRandom {
  readonly #seed: number;
  #drawn = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  field(): Field {
    const digest = createHash('sha256').update(`espalier sample ${this.#seed} ${this.#drawn}`).digest('hex');
    this.#drawn += 1;
    return BigInt(`0x${digest}`) % FIELD_MODULUS;
  }

  /** An integer in `[min, max]`. */
  integer(min: number, max: number): number {
    return min + Number(this.field() % BigInt(max - min + 1));
  }
}
