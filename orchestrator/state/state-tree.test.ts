import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHasher, stateLeaf } from '../../circuits/index.js';
import type { EspalierError } from '../../common/index.js';
import type { Field } from '../../proto/index.js';
import { StateTree } from './state-tree.js';

const hasher = await createHasher();
const POSITIONS = 1n << 64n;

/** The root worked out from nothing, level by level, over all occupied positions: the model the tree is held to. */
function modelRoot(values: ReadonlyMap<Field, Field>): Field {
  let nodes = new Map<bigint, Field>();
  for (const [key, value] of values) if (value !== 0n) nodes.set(key % POSITIONS, stateLeaf(hasher, key, value));
  let empty = 0n;
  for (let level = 0; level < 32; level += 1) {
    const parents = new Map<bigint, Field>();
    for (const parent of new Set([...nodes.keys()].map((index) => index / 4n))) {
      const [a, b, c, d] = [0n, 1n, 2n, 3n].map((child) => nodes.get(parent * 4n + child) ?? empty);
      parents.set(parent, hasher.compress(a as Field, b as Field, c as Field, d as Field));
    }
    nodes = parents;
    empty = hasher.compress(empty, empty, empty, empty);
  }
  return nodes.get(0n) ?? empty;
}

/** The root a circuit works out from a leaf and its path. */
function rootOf(key: Field, value: Field, siblings: readonly Field[]): Field {
  let node = stateLeaf(hasher, key, value);
  for (let level = 0; level < 32; level += 1) {
    const children = siblings.slice(3 * level, 3 * level + 3);
    children.splice(Number((key >> BigInt(2 * level)) & 3n), 0, node);
    node = hasher.compress(...(children as [Field, Field, Field, Field]));
  }
  return node;
}

/** Keys that meet at every depth: far apart, close together, neighbours; high bits that no position has. */
const key = fc
  .tuple(fc.bigInt(0n, 15n), fc.constantFrom(0n, 2n, 30n, 60n), fc.bigInt(0n, 3n))
  .map(([low, shift, high]) => (((low << shift) % POSITIONS) | (high << 200n)) as Field);
const value = fc.oneof(fc.constant(0n), fc.bigInt(1n, 9n));

test('an empty tree hashes four empty children at each level', () => {
  expect(new StateTree(hasher).root).toBe(modelRoot(new Map()));
});

test('agrees with the model after any writes, and every path leads to the root', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 6 }), key, (writes, probe) => {
      const tree = new StateTree(hasher);
      const model = new Map<Field, Field>();
      const collides = (one: Field): boolean =>
        [...model].some(([other, held]) => held !== 0n && other !== one && (other - one) % POSITIONS === 0n);
      for (const [written, to] of writes) {
        if (collides(written)) {
          expect(() => tree.set(written, to)).toThrow('share one position');
        } else {
          tree.set(written, to);
          model.set(written, to);
        }
        // Hashes asked for between writes are remembered, and must not outlive them.
        if (to % 2n === 0n) expect(tree.root).toBe(modelRoot(model));
      }
      expect(tree.root).toBe(modelRoot(model));
      for (const probed of [probe, ...model.keys()]) {
        if (collides(probed)) {
          expect(() => tree.get(probed)).toThrow('share one position');
          expect(() => tree.siblings(probed)).toThrow('share one position');
        } else {
          expect(tree.get(probed)).toBe(model.get(probed) ?? 0n);
          expect(rootOf(probed, model.get(probed) ?? 0n, tree.siblings(probed))).toBe(tree.root);
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('settling in steps gives the same root', () => {
  const [whole, stepwise] = [new StateTree(hasher), new StateTree(hasher)];
  for (let index = 1n; index <= 20n; index += 1n) {
    for (const tree of [whole, stepwise]) tree.set(index * 0x9e3779b97f4a7c15n, index);
  }
  expect([...stepwise.settle()].length).toBeGreaterThan(20);
  expect(stepwise.root).toBe(whole.root);
});

test('rolls back to a checkpoint, also past writes of new keys and of zero', () => {
  const tree = new StateTree(hasher);
  tree.set(1n, 5n);
  const before = tree.root;
  const checkpoint = tree.checkpoint();
  tree.set(1n, 6n);
  tree.set(2n, 7n);
  const between = tree.root;
  tree.set(1n, 0n);
  tree.rollback(checkpoint);
  expect(tree.root).toBe(before);
  expect([tree.get(1n), tree.get(2n)]).toEqual([5n, 0n]);
  tree.set(1n, 6n);
  tree.set(2n, 7n);
  expect(tree.root).toBe(between);
});

test('a collision names both keys and is no fault of the prover', () => {
  const tree = new StateTree(hasher);
  tree.set(3n, 1n);
  let error: EspalierError | undefined;
  try {
    tree.set(3n + POSITIONS, 1n);
  } catch (thrown) {
    error = thrown as EspalierError;
  }
  expect(error?.code).toBe('block-not-executable');
  expect(error?.message).toContain(`0x${'0'.repeat(63)}3`);
  expect(error?.message).toContain(`10000000000000003`);
  tree.set(3n, 0n);
  tree.set(3n + POSITIONS, 1n);
  expect(tree.get(3n + POSITIONS)).toBe(1n);
});
