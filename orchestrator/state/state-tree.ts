import { type Hasher, type Siblings, stateLeaf } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { type Field, LIMITS, toHex } from '../../proto/index.js';
import { type Position, positionOf } from './position.js';
import { SiblingPath, SiblingPaths } from './sibling-path.js';

const LEVELS = LIMITS.stateTreeLevels;
/** Hashes of a lone leaf's subtree are kept from this height on: lower ones are hardly ever asked for again. */
const KEPT_FROM_HEIGHT = 16;

/** One key with its value. It stands for the whole subtree, of whatever height, in which it is the only key. */
interface Leaf {
  readonly kind: 'leaf';
  readonly key: Field;
  readonly value: Field;
  readonly position: Position;
  /** By height; filled from below as they are asked for. */
  readonly hashes: Map<number, Field>;
  /** The number among the tree's hashes of that of a height, if it was part of a path. */
  numbered: { readonly height: number; readonly number: number } | undefined;
}

/** A subtree with two or more keys. Immutable but for its hash, which is worked out when it is first asked for. */
interface Branch {
  readonly kind: 'branch';
  readonly children: readonly [Node, Node, Node, Node];
  hash: Field | undefined;
  /** The hash's number among those of the tree, if it was part of a path. */
  number: number | undefined;
}

type Node = Leaf | Branch | undefined;

/** A state that `rollback` can return to. Holding one costs nothing but the memory of what has changed since. */
export interface Checkpoint {
  readonly top: unknown;
}

/**
 * The state: a sparse Merkle tree with 32 levels of four children, as docs/circuits.md defines it.
 *
 * Nodes are never changed, only replaced along the path of a write, so a checkpoint is a reference. Hashes are worked
 * out when they are asked for: a value that is overwritten before anyone looks at the root costs nothing.
 * Memory: about 1 kB a key, and 32 bytes for every hash that was ever part of a path.
 */
export class StateTree {
  readonly #hasher: Hasher;
  readonly #paths: SiblingPaths;
  #top: Node;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
    this.#paths = SiblingPaths.of(hasher);
  }

  get root(): Field {
    return this.#hashOf(this.#top, LEVELS);
  }

  /** The value under a key, 0 where none was written. Throws as `path` does. */
  get(key: Field): Field {
    const position = positionOf(key);
    let node = this.#top;
    for (let level = LEVELS - 1; node?.kind === 'branch'; level -= 1) node = node.children[digit(position, level)];
    if (node === undefined || node.value === 0n || divergence(node.position, position) >= 0) return 0n;
    return node.key === key ? node.value : refuseCollision(node, key);
  }

  /** Writes a value under a key. Throws as `path` does. */
  set(key: Field, value: Field): void {
    const leaf: Leaf = { kind: 'leaf', key, value, position: positionOf(key), hashes: new Map(), numbered: undefined };
    this.#top = place(this.#top, LEVELS, leaf);
  }

  /** The siblings of a key's path, level 0 first, three a level in the order of child index. Throws as `path` does. */
  siblings(key: Field): Siblings {
    return this.path(key).expand();
  }

  /**
   * The same, held small. Throws `block-not-executable` when another key with a value
   * stands at the key's position (their low 64 bits are equal): nothing can be proven of the second one.
   */
  path(key: Field): SiblingPath {
    const position = positionOf(key);
    const places: number[] = [];
    const numbers: number[] = [];
    const sibling = (level: number, child: number, other: Node): void => {
      if (other === undefined || this.#hashOf(other, level) === this.#empty(level)) return;
      places.push(3 * level + (child < digit(position, level) ? child : child - 1));
      numbers.push(this.#numberOf(other, level));
    };
    let node = this.#top;
    let level = LEVELS - 1;
    for (; node?.kind === 'branch'; level -= 1) {
      const own = digit(position, level);
      for (const [child, other] of node.children.entries()) {
        if (child !== own) sibling(level, child, other);
      }
      node = node.children[own];
    }
    if (node !== undefined) {
      const fork = divergence(node.position, position);
      if (fork >= 0) sibling(fork, digit(node.position, fork), node);
      else if (node.key !== key && node.value !== 0n) refuseCollision(node, key);
    }
    return new SiblingPath(this.#paths, Uint8Array.from(places), Uint32Array.from(numbers));
  }

  checkpoint(): Checkpoint {
    return { top: this.#top };
  }

  /** Returns to the state at a checkpoint of this tree. */
  rollback(checkpoint: Checkpoint): void {
    this.#top = checkpoint.top as Node;
  }

  /**
   * Works out the hashes of a large state bit by bit, so that the caller can do other things in between: each step is
   * at most a millisecond or two. `root` is at hand afterwards.
   */
  *settle(): Generator<void> {
    yield* this.#settle(this.#top, LEVELS);
  }

  *#settle(node: Node, height: number): Generator<void> {
    if (node?.kind === 'branch' && node.hash === undefined) {
      for (const child of node.children) yield* this.#settle(child, height - 1);
    }
    if (node !== undefined) {
      this.#hashOf(node, height);
      yield;
    }
  }

  #hashOf(node: Node, height: number): Field {
    if (node === undefined) return this.#empty(height);
    if (node.kind === 'leaf') return this.#hashOfLeaf(node, height);
    if (node.hash === undefined) {
      const [a, b, c, d] = node.children;
      const below = height - 1;
      node.hash = this.#hasher.compress(
        this.#hashOf(a, below),
        this.#hashOf(b, below),
        this.#hashOf(c, below),
        this.#hashOf(d, below),
      );
    }
    return node.hash;
  }

  #hashOfLeaf(leaf: Leaf, height: number): Field {
    if (leaf.value === 0n) return this.#empty(height);
    let reached = height;
    while (reached > 0 && !leaf.hashes.has(reached)) reached -= 1;
    let hash = leaf.hashes.get(reached) ?? stateLeaf(this.#hasher, leaf.key, leaf.value);
    for (; reached < height; reached += 1) {
      const empty = this.#empty(reached);
      const at = (child: number): Field => (child === leaf.position[reached] ? hash : empty);
      hash = this.#hasher.compress(at(0), at(1), at(2), at(3));
      if (reached + 1 >= KEPT_FROM_HEIGHT || reached + 1 === height) leaf.hashes.set(reached + 1, hash);
    }
    return hash;
  }

  #numberOf(node: Leaf | Branch, height: number): number {
    const { hashes } = this.#paths;
    if (node.kind === 'branch') {
      node.number ??= hashes.add(this.#hashOf(node, height));
      return node.number;
    }
    if (node.numbered?.height !== height) node.numbered = { height, number: hashes.add(this.#hashOf(node, height)) };
    return node.numbered.number;
  }

  #empty(height: number): Field {
    return this.#paths.empty(height);
  }
}

function digit(position: Position, level: number): number {
  return position[level] ?? 0;
}

/** The highest level at which two positions part; -1 when they are the same. */
function divergence(a: Position, b: Position): number {
  let level = LEVELS - 1;
  while (level >= 0 && a[level] === b[level]) level -= 1;
  return level;
}

/** The subtree of a height with one leaf put in. */
function place(node: Node, height: number, leaf: Leaf): Node {
  if (node === undefined) return leaf;
  const level = height - 1;
  if (node.kind === 'branch') return withChild(node.children, level, leaf);
  if (divergence(node.position, leaf.position) >= 0) {
    const children: [Node, Node, Node, Node] = [undefined, undefined, undefined, undefined];
    children[digit(node.position, level)] = node;
    return withChild(children, level, leaf);
  }
  if (node.key !== leaf.key && node.value !== 0n) refuseCollision(node, leaf.key);
  return leaf;
}

function withChild(children: Branch['children'], level: number, leaf: Leaf): Branch {
  const changed: [Node, Node, Node, Node] = [...children];
  const own = digit(leaf.position, level);
  changed[own] = place(changed[own], level, leaf);
  return { kind: 'branch', children: changed, hash: undefined, number: undefined };
}

function refuseCollision(leaf: Leaf, key: Field): never {
  throw new EspalierError(
    'block-not-executable',
    `state keys ${toHex(leaf.key)} and ${toHex(key)} share one position of the state tree (their low 64 bits are equal)`,
    { remedy: 'drop the transaction: the second key can be neither read nor written' },
  );
}
