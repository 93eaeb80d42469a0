import { expect, it } from 'vitest';
import { makespanEmbedded, makespanOverBullmq } from './makespan-espalier.js';

it('proves a tiny tree of jobs that take a while, over BullMQ and embedded', async () => {
  const tiny = { shape: { transactions: 3, calls: 1 }, jobMs: 5, slots: 4, workers: 1, warmUps: 0 };
  for (const makespan of [await makespanOverBullmq(tiny), await makespanEmbedded(tiny)]) {
    expect(makespan.jobs).toBe(11);
    // A VM proof, a kernel, a base, a merge and the root.
    expect(makespan.lowerBoundMs).toBe(5 * 5);
    // A timer may be early by less than a millisecond.
    expect(makespan.makespanMs).toBeGreaterThan(5 * 4);
  }
});
