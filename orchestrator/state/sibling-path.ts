import type { Hasher, Siblings } from '../../circuits/index.js';
import { type Field, LIMITS } from '../../proto/index.js';
import { HashArena } from './hash-arena.js';

/** What all paths of one tree share: the hashes that stand in them, most of them in many, and those of empty subtrees. */
export class SiblingPaths {
  readonly hashes = new HashArena();
  readonly #empties: readonly Field[];

  /** `empties[i]` is the hash of an empty subtree of `i` levels. */
  private constructor(empties: readonly Field[]) {
    this.#empties = empties;
  }

  static of(hasher: Hasher): SiblingPaths {
    const empties: Field[] = [0n];
    for (let height = 1; height <= LIMITS.stateTreeLevels; height += 1) {
      const below = empties[height - 1] ?? 0n;
      empties.push(hasher.compress(below, below, below, below));
    }
    return new SiblingPaths(empties);
  }

  empty(height: number): Field {
    return this.#empties[height] ?? 0n;
  }
}

/**
 * A path of the state tree, held small: only the siblings that are not empty subtrees, each as a number of 4 bytes. Of the
 * 96 siblings of a path in a tree of a million keys about 30 are not empty.
 */
export class SiblingPath {
  readonly paths: SiblingPaths;
  /** Places of the siblings in the expanded path. */
  readonly places: Uint8Array;
  /** Their numbers among the hashes. */
  readonly numbers: Uint32Array;

  constructor(paths: SiblingPaths, places: Uint8Array, numbers: Uint32Array) {
    this.paths = paths;
    this.places = places;
    this.numbers = numbers;
  }

  /** All 96 siblings as circuits take them: level 0 first, three a level in the order of child index. */
  expand(): Siblings {
    const siblings = Array.from({ length: LIMITS.stateTreeLevels * 3 }, (_, index) =>
      this.paths.empty(Math.floor(index / 3)),
    );
    for (const [index, place] of this.places.entries()) {
      siblings[place] = this.paths.hashes.get(this.numbers[index] ?? 0);
    }
    return siblings;
  }
}
