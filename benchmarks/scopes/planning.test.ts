import { expect, it } from 'vitest';
import { formatRows } from '../format-rows.js';
import { measurePlanning } from './planning.js';

it('measures a tiny block in processes of its own', async () => {
  const rows = await measurePlanning({ transactions: 3, calls: 2 }, 2, () => {});
  const measured = (name: string) => rows.find((row) => row.name === `planning/${name}`)?.value ?? Number.NaN;
  expect(measured('jobs')).toBe(2 * 6 + 3 + 2);
  expect(measured('plan')).toBeGreaterThan(0);
  expect(measured('peak-memory')).toBeGreaterThan(10);
});

it('marks what misses its target', () => {
  const row = { name: 'a/b', value: 3, unit: 'ms', spread: [2, 4] as const };
  expect(formatRows([{ ...row, target: 3 }])).toContain('met');
  expect(formatRows([{ ...row, target: 2 }])).toContain('MISSED');
  expect(formatRows([{ ...row, targetMin: 3 }])).toContain('met');
  expect(formatRows([{ ...row, targetMin: 4 }])).toContain('MISSED');
});
