import { expect, it } from 'vitest';
import { measureExecuting } from './executing.js';

it('executes tiny blocks, and counts what is hashed', async () => {
  const rows = await measureExecuting({ transactions: 3, hashes: 10 }, 1, () => {});
  const measured = (name: string) => rows.find((row) => row.name === `executing/${name}`)?.value ?? Number.NaN;
  expect(measured('2-calls/transactions')).toBeGreaterThan(0);
  // A nullifier's path alone has 32 levels.
  expect(measured('0-calls/permutations')).toBeGreaterThan(32);
  expect(measured('2-calls/permutations')).toBeGreaterThan(measured('0-calls/permutations'));
  expect(measured('permutation')).toBeGreaterThan(0);
});
