import { expect, it } from 'vitest';
import { DEFAULT_DURATIONS_MS, DurationEstimates } from './duration-estimates.js';

it('takes the first measurements for their mean, and later ones slowly', () => {
  const estimates = new DurationEstimates();
  for (const ms of [100, 200, 300]) estimates.observe('merge-rollup', ms);
  expect(estimates.of('merge-rollup')).toBe(200);
  for (let i = 0; i < 200; i++) estimates.observe('merge-rollup', 400);
  expect(estimates.of('merge-rollup')).toBeCloseTo(400, 1);
});

it('is hardly moved by one outlier', () => {
  const estimates = new DurationEstimates();
  for (let i = 0; i < 20; i++) estimates.observe('public-vm', 1_000);
  estimates.observe('public-vm', 1_000_000);
  expect(estimates.of('public-vm')).toBeLessThan(1_200);
});

it('expects of circuits not measured yet what this machine did with the others', () => {
  const estimates = new DurationEstimates();
  estimates.observe('public-vm', DEFAULT_DURATIONS_MS['public-vm'] / 3);
  expect(estimates.of('root-rollup')).toBeCloseTo(DEFAULT_DURATIONS_MS['root-rollup'] / 3);
});

it('ignores what cannot be a duration', () => {
  const estimates = new DurationEstimates();
  for (const ms of [Number.NaN, -1, Number.POSITIVE_INFINITY]) estimates.observe('public-vm', ms);
  expect(estimates.of('public-vm')).toBe(DEFAULT_DURATIONS_MS['public-vm']);
});

it('knows percentiles of the latest measurements, once there are some', () => {
  const estimates = new DurationEstimates();
  for (let ms = 1; ms <= 7; ms++) estimates.observe('public-vm', ms);
  expect(estimates.percentile('public-vm', 0.95)).toBeUndefined();
  for (let ms = 8; ms <= 100; ms++) estimates.observe('public-vm', ms);
  // Of 37 to 100, the latest 64.
  expect(estimates.percentile('public-vm', 0.95)).toBe(97);
  expect(estimates.percentile('public-vm', 1)).toBe(100);
  expect(estimates.percentile('merge-rollup', 0.95)).toBeUndefined();
});
