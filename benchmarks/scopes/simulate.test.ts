import { expect, it } from 'vitest';
import { measureSimulation } from './simulate.js';

it('simulates a tiny block in a process of its own, and finds fleets for two', async () => {
  const plan = { transactions: 4, vm: 8, rollup: 4, sizes: [2, 4], windowMs: 240_000 };
  const rows = await measureSimulation(plan, 1, () => {});
  const figure = (name: string) => rows.find((row) => row.name === `simulate/${name}`)?.value ?? Number.NaN;
  // VM, two kernels, base, two levels of joins: as many machines as there are jobs.
  expect(figure('4/makespan-over-bound')).toBe(1);
  expect(figure('4/time')).toBeGreaterThan(0);
  expect(figure('4/troubled/time')).toBeGreaterThan(0);
  expect(figure('fleet/2/makespan')).toBeLessThanOrEqual(240);
  expect(figure('fleet/4/vm')).toBeGreaterThan(figure('fleet/2/vm') - 1);
});
