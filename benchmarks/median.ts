import type { Row } from './scope.js';

/** The median of the values (the mean of the middle two where they are even), and how far they spread; NaN where one is NaN. */
export function median(values: readonly number[]): Pick<Row, 'value' | 'spread'> {
  if (values.some(Number.isNaN)) return { value: Number.NaN, spread: [Number.NaN, Number.NaN] };
  const sorted = [...values].sort((a, b) => a - b);
  const min = sorted[0];
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new RangeError('no values to take the median of');
  const upper = sorted[sorted.length >> 1] ?? max;
  const lower = sorted[(sorted.length - 1) >> 1] ?? min;
  return { value: (lower + upper) / 2, spread: [min, max] };
}
