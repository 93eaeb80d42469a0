import { expect, it } from 'vitest';
import { measureScaling, type ScalingPlan } from './scaling.js';

const TINY: ScalingPlan = {
  transactions: 16,
  calls: 1,
  workersMax: 32,
  windowsMinutes: [null, 15],
  jobsPerPod: [1, 4],
  eagerJobsPerPod: [],
  alikeJobsPerPod: [2],
};

it('compares scaling by the tree with scaling by the queue on a tiny block, the same each time', async () => {
  const rows = await measureScaling(TINY, 2, () => {});
  const figure = (name: string) => rows.find((row) => row.name === `scaling/16/${name}`)?.value ?? Number.NaN;
  expect(figure('tree-15m/block')).toBeLessThan(900);
  expect(figure('tree-soonest/block')).toBeLessThan(figure('tree-15m/block') + 1);
  expect(figure('tree-soonest/proofs-lost') + figure('tree-15m/proofs-lost')).toBe(0);
  expect(figure('tree-soonest/block-of-queue-over-own-by-core-hours')).toBeGreaterThan(1);
  expect(await measureScaling(TINY, 2, () => {})).toEqual(rows);
});
