import { expect, it } from 'vitest';
import { median } from './median.js';

it('is the middle value, or the mean of the middle two', () => {
  expect(median([5, 1, 100])).toEqual({ value: 5, spread: [1, 100] });
  expect(median([4, 1, 2, 100])).toEqual({ value: 3, spread: [1, 100] });
  expect(() => median([])).toThrow('no values');
});
