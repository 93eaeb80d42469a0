import { expect, it } from 'vitest';
import { median } from './median.js';

it('is the middle value, or the mean of the middle two', () => {
  expect(median([5, 1, 100])).toEqual({ value: 5, spread: [1, 100] });
  expect(median([4, 1, 2, 100])).toEqual({ value: 3, spread: [1, 100] });
  expect(() => median([])).toThrow('no values');
});

it('is not a number where one of the values is none, wherever that stands', () => {
  const none = { value: Number.NaN, spread: [Number.NaN, Number.NaN] };
  for (const values of [
    [Number.NaN, 1, 2],
    [1, Number.NaN, 2],
    [2, 1, Number.NaN],
  ])
    expect(median(values)).toEqual(none);
});
