import { expect, it } from 'vitest';
import { measureRestart } from './restart.js';

it('takes up a tiny block again without executing it', async () => {
  const rows = await measureRestart({ transactions: 4 }, 1, () => {});
  const measured = (name: string) =>
    rows.find((row) => row.name === `restart/4-transactions/${name}`)?.value ?? Number.NaN;
  expect(measured('to-first-job')).toBeGreaterThan(0);
  expect(measured('kept-execution')).toBeGreaterThan(0);
});
