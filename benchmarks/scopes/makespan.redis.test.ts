import { expect, it } from 'vitest';
import { measureMakespans } from './makespan.js';

it('measures a tiny tree on a starved fleet, over BullMQ and embedded', async () => {
  const jobMs = {
    'public-vm': 4,
    'public-kernel-first': 8,
    'public-kernel-next': 8,
    'base-rollup-private': 8,
    'base-rollup-public': 8,
    'merge-rollup': 8,
    'root-rollup': 8,
    'root-rollup-single': 8,
  };
  const tiny = { name: 'tiny', shape: { transactions: 3, calls: 1 }, jobMs, slots: 1, workers: 1, warmUps: 0 };
  const rows = await measureMakespans([{ ...tiny, targets: { embedded: 2 } }], 1, () => {});
  expect(rows.map(({ name, target }) => [name, target])).toEqual([
    ['makespan/tiny/bullmq', undefined],
    ['makespan/tiny/embedded', 2],
  ]);
  // A timer may be early by less than a millisecond.
  for (const { value, note } of rows) {
    expect(value).toBeGreaterThan(0.8);
    // Three VM proofs, three kernels, three bases, a merge and the root, one after another.
    expect(note).toBe('of at least 0.08 s');
  }
});
