import { expect, it } from 'vitest';
import { lowerBoundMs } from './makespan.js';
import { treeOf } from './tree-shape.js';

it('bounds a makespan by the longest path, and by the work where slots are few', () => {
  const leaves64 = treeOf({ transactions: 64, calls: 0 }, 'a');
  expect(lowerBoundMs(leaves64, 100, 64)).toBe(7 * 100);
  expect(lowerBoundMs(leaves64, 100, 2)).toBe((127 * 100) / 2);
  // Two transactions: a VM proof, three kernels in a row, base, root.
  expect(lowerBoundMs(treeOf({ transactions: 2, calls: 3 }, 'a'), 10, 100)).toBe(6 * 10);
});
