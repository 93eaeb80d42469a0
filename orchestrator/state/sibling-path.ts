import type { Siblings } from '../../circuits/index.js';
import { type Field, LIMITS } from '../../proto/index.js';

/**
 * A path of the state tree, held small: only the siblings that are not empty subtrees. Of the 96 siblings of a path in
 * a tree of a million keys about 30 are not empty.
 */
export class SiblingPath {
  readonly #indexes: Uint8Array;
  readonly #values: readonly Field[];
  readonly #empties: readonly Field[];

  /**
   * `indexes[i]` is the place of `values[i]` in the expanded path; `empties[i]` is the hash of an empty subtree of `i`
   * levels.
   */
  constructor(indexes: Uint8Array, values: readonly Field[], empties: readonly Field[]) {
    this.#indexes = indexes;
    this.#values = values;
    this.#empties = empties;
  }

  /** All 96 siblings as circuits take them: level 0 first, three a level in the order of child index. */
  expand(): Siblings {
    const siblings = Array.from(
      { length: LIMITS.stateTreeLevels * 3 },
      (_, index) => this.#empties[Math.floor(index / 3)] ?? 0n,
    );
    this.#indexes.forEach((place, index) => {
      siblings[place] = this.#values[index] ?? 0n;
    });
    return siblings;
  }
}
