import { expect, it } from 'vitest';
import { percentile } from './percentile.js';

it('is a value that so many do not exceed', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([50, 99, 99.9, 100].map((percent) => percentile(values, percent))).toEqual([50, 99, 100, 100]);
  expect(percentile([7], 50)).toBe(7);
  expect(() => percentile([], 50)).toThrow('no values');
});
