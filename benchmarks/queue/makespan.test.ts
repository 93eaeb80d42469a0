import { expect, it } from 'vitest';
import { type CircuitTimesMs, jobTimeMs } from './job-times.js';
import { lowerBoundMs } from './makespan.js';
import { treeOf } from './tree-shape.js';

it('bounds a makespan by the longest path, and by the work where slots are few', () => {
  const leaves64 = treeOf({ transactions: 64, calls: 0 }, 'a');
  expect(lowerBoundMs(leaves64, 100, 64)).toBe(7 * 100);
  expect(lowerBoundMs(leaves64, 100, 2)).toBe((127 * 100) / 2);
  // Two transactions: a VM proof, three kernels in a row, base, root.
  expect(lowerBoundMs(treeOf({ transactions: 2, calls: 3 }, 'a'), 10, 100)).toBe(6 * 10);
});

it('bounds a makespan by the very times that jobs are given, which vary by id', () => {
  const circuits = [
    'public-vm',
    'public-kernel-first',
    'public-kernel-next',
    'base-rollup-private',
    'base-rollup-public',
  ];
  const joins = ['merge-rollup', 'root-rollup', 'root-rollup-single'];
  const byCircuit = Object.fromEntries([...circuits, ...joins].map((name) => [name, 1_000])) as CircuitTimesMs;
  const times = { byCircuit, jitter: 0.1 };
  const tree = treeOf({ transactions: 64, calls: 2 }, 'a');
  const each = Array.from({ length: tree.size }, (_, job) =>
    jobTimeMs(times, { id: tree.jobId(job), circuit: tree.circuit(job) }),
  );
  expect(Math.min(...each)).toBeGreaterThanOrEqual(900);
  expect(Math.min(...each)).toBeLessThan(910);
  expect(Math.max(...each)).toBeGreaterThan(1_090);
  expect(Math.max(...each)).toBeLessThanOrEqual(1_100);
  expect(lowerBoundMs(tree, times, 1)).toBe(each.reduce((sum, ms) => sum + ms, 0));
  expect(lowerBoundMs(tree, times, 1_000)).toBeLessThan((3 + 7) * 1_100);
});
