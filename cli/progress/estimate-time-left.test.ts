import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateTimeLeft } from './estimate-time-left.js';
import { DEFAULT_JOB_MS, JobDurations } from './job-durations.js';

const level = (waiting: number, expectedMs: number, elapsedMs: readonly number[] = [], chainLength = 1) => ({
  waiting,
  expectedMs,
  running: elapsedMs.map((elapsed) => ({ expectedMs, elapsedMs: elapsed })),
  chainLength,
});

describe('estimateTimeLeft', () => {
  it('divides the work among the jobs that run at once', () => {
    expect(estimateTimeLeft([level(8, 1000)], 1)).toBe(8000);
    expect(estimateTimeLeft([level(8, 1000)], 4)).toBe(2000);
    expect(estimateTimeLeft([level(8, 1000)], 0)).toBe(8000);
  });

  it('is never less than the longest chain, whatever the concurrency', () => {
    expect(estimateTimeLeft([level(8, 1000), level(4, 500), level(1, 300)], 100)).toBe(1800);
    expect(estimateTimeLeft([level(6, 1000, [], 3)], 100)).toBe(3000);
    expect(estimateTimeLeft([level(0, 1000, [400, 900]), level(1, 500)], 100)).toBe(600 + 500);
  });

  it('counts what runs by what is left of it, and something still when it takes longer than expected', () => {
    expect(estimateTimeLeft([level(0, 1000, [250])], 1)).toBe(750);
    expect(estimateTimeLeft([level(0, 1000, [99_000])], 1)).toBe(100);
    expect(estimateTimeLeft([level(0, 1000)], 1)).toBe(0);
  });

  it('is finite and never negative', () => {
    const ms = fc.double({ min: 0, max: 1e9, noNaN: true });
    const levels = fc.array(
      fc.tuple(fc.nat(100_000), ms, fc.array(ms), fc.nat(50)).map(([a, b, c, d]) => level(a, b, c, d)),
    );
    fc.assert(
      fc.property(levels, ms, (work, concurrency) => {
        const left = estimateTimeLeft(work, concurrency);
        expect(Number.isFinite(left) && left >= 0).toBe(true);
      }),
    );
  });
});

describe('JobDurations', () => {
  it('takes defaults before anything is measured', () => {
    const durations = new JobDurations();
    expect(durations.isMeasured).toBe(false);
    expect(durations.expectedMs('merge-rollup')).toBe(DEFAULT_JOB_MS['merge-rollup']);
  });

  it('takes the mean of a measured circuit and scales the defaults of the others by it', () => {
    const durations = new JobDurations();
    durations.record('public-vm', DEFAULT_JOB_MS['public-vm'] * 2);
    durations.record('public-vm', DEFAULT_JOB_MS['public-vm'] * 4);
    expect(durations.expectedMs('public-vm')).toBeCloseTo(DEFAULT_JOB_MS['public-vm'] * 3);
    expect(durations.expectedMs('merge-rollup')).toBeCloseTo(DEFAULT_JOB_MS['merge-rollup'] * 3);
  });

  it('starts from what earlier runs took, and scales by it what none of them proved', () => {
    const durations = new JobDurations(new Map([['merge-rollup', DEFAULT_JOB_MS['merge-rollup'] / 2]]));
    expect(durations.isMeasured).toBe(true);
    expect(durations.expectedMs('merge-rollup')).toBeCloseTo(DEFAULT_JOB_MS['merge-rollup'] / 2);
    expect(durations.expectedMs('client')).toBeCloseTo(DEFAULT_JOB_MS.client / 2);
    durations.record('client', DEFAULT_JOB_MS.client * 2);
    expect(durations.expectedMs('merge-rollup')).toBeCloseTo(DEFAULT_JOB_MS['merge-rollup'] * 2);
  });

  it('ignores times that are none', () => {
    const durations = new JobDurations();
    for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) durations.record('public-vm', ms);
    expect(durations.isMeasured).toBe(false);
  });
});
