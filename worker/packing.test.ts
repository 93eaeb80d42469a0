import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BUILT_IN_PROFILES,
  BYTES_PER_GIB,
  countThatFit,
  fits,
  type MachineResources,
  meets,
  type ResourceClass,
  type Share,
  shareOf,
} from '../proto/index.js';
import { freeOf, roomOf, takeable, threadsFor } from './packing.js';

const { production } = BUILT_IN_PROFILES;
const SMALL = shareOf({ cores: 1, memoryGiB: 2, gpus: 0 });
const OFFERED: readonly ResourceClass[] = ['vm', 'rollup'];
const ROLLUP = shareOf(production.classes.rollup);
const VM = shareOf(production.classes.vm);
const machine = (cores: number, memoryGiB: number): MachineResources => ({
  cores,
  memoryBytes: memoryGiB * BYTES_PER_GIB,
  gpus: 0,
});

const requirements = fc.record({
  cores: fc.integer({ min: 1, max: 64 }),
  memoryGiB: fc.double({ min: 0.125, max: 128, noNaN: true }),
  gpus: fc.integer({ min: 0, max: 2 }),
});
const machines = fc.record({
  cores: fc.integer({ min: 1, max: 128 }),
  memoryBytes: fc.integer({ min: 0, max: 256 * BYTES_PER_GIB }),
  gpus: fc.integer({ min: 0, max: 4 }),
});

describe('threadsFor', () => {
  it('gives a job that is alone all cores', () => {
    expect(threadsFor(machine(2, 8), SMALL, [])).toBe(2);
    expect(threadsFor(machine(32, 64), ROLLUP, [])).toBe(32);
  });

  it('divides the cores among the jobs that can start together', () => {
    expect(threadsFor(machine(2, 8), SMALL, [SMALL])).toBe(1);
    expect(threadsFor(machine(32, 64), ROLLUP, [ROLLUP])).toBe(16);
    expect(threadsFor(machine(32, 64), ROLLUP, [ROLLUP, ROLLUP])).toBe(10);
    expect(threadsFor(machine(32, 64), ROLLUP, [ROLLUP, ROLLUP, ROLLUP, ROLLUP])).toBe(8);
  });

  it('leaves nothing idle for a job that does not fit beside it', () => {
    expect(threadsFor(machine(32, 64), ROLLUP, [VM])).toBe(32);
    expect(threadsFor(machine(2, 3), SMALL, [SMALL])).toBe(2);
  });
});

describe('takeable', () => {
  const take = (free: Share, staged: readonly Share[], prefetch = 1) =>
    takeable(production, OFFERED, roomOf(free, staged), prefetch);

  it('begins what fits; anything else may wait', () => {
    expect(take(machine(32, 60), [])).toEqual({ toBegin: ['vm', 'rollup'], toWait: [] });
    expect(take(machine(24, 45), [])).toEqual({ toBegin: ['rollup'], toWait: ['vm'] });
    expect(take(machine(24, 45), [], 0)).toEqual({ toBegin: ['rollup'], toWait: ['vm'] });
    expect(take(machine(32, 60), [ROLLUP, ROLLUP, ROLLUP])).toEqual({ toBegin: ['rollup'], toWait: ['vm'] });
  });

  it('lets one job of any class wait while the machine is full', () => {
    expect(take(machine(0, 0), [])).toEqual({ toBegin: [], toWait: ['vm', 'rollup'] });
    expect(take(machine(32, 60), [VM])).toEqual({ toBegin: [], toWait: ['vm', 'rollup'] });
    expect(take(machine(0, 0), [ROLLUP])).toEqual({ toBegin: [], toWait: [] });
    expect(take(machine(0, 0), [ROLLUP], 2)).toEqual({ toBegin: [], toWait: ['vm', 'rollup'] });
    expect(take(machine(0, 0), [], 0)).toEqual({ toBegin: [], toWait: [] });
  });

  it('takes nothing past a job that waits for room, so that small jobs cannot starve a large one', () => {
    expect(take(machine(24, 45), [VM])).toEqual({ toBegin: [], toWait: [] });
  });
});

describe('countThatFit', () => {
  it('says how many fit at once', () => {
    expect(countThatFit(production, 'rollup', machine(32, 61))).toBe(4);
    expect(countThatFit(production, 'rollup', machine(32, 44))).toBe(2);
    expect(countThatFit(production, 'vm', machine(32, 61))).toBe(1);
    expect(countThatFit(production, 'vm', machine(24, 61))).toBe(0);
  });

  it('is as many as can be taken one by one', () => {
    fc.assert(
      fc.property(machines, requirements, (whole, needed) => {
        const count = countThatFit({ ...production, classes: { ...production.classes, gpu: needed } }, 'gpu', whole);
        let free: Share = whole;
        for (let n = 0; n < count; n++) {
          expect(fits(free, shareOf(needed))).toBe(true);
          free = roomOf(free, [shareOf(needed)]).left;
        }
        expect(fits(free, shareOf(needed))).toBe(false);
      }),
    );
  });
});

describe('packing', () => {
  /** Starts jobs as `Slots` does: in order, each with its share of the idle cores. */
  function startAll(whole: MachineResources, needs: readonly Share[]): Share[] {
    const held: Share[] = [];
    for (const [index, needed] of needs.entries()) {
      const free = freeOf(whole, held);
      if (fits(free, needed)) held.push({ ...needed, cores: threadsFor(free, needed, needs.slice(index + 1)) });
    }
    return held;
  }

  it('never hands out more than there is, nor less than is needed', () => {
    fc.assert(
      fc.property(machines, fc.array(requirements, { maxLength: 12 }), (whole, needs) => {
        const held = startAll(whole, needs.map(shareOf));
        const free = freeOf(whole, held);
        expect(Math.min(free.cores, free.memoryBytes, free.gpus)).toBeGreaterThanOrEqual(0);
        for (const share of held) {
          expect(
            needs.some((needed) => shareOf(needed).memoryBytes === share.memoryBytes && share.cores >= needed.cores),
          ).toBe(true);
        }
      }),
    );
  });

  it('starts every job that would fit with no more than it needs', () => {
    fc.assert(
      fc.property(machines, fc.array(requirements, { maxLength: 12 }), (whole, needs) => {
        let free: Share = whole;
        let count = 0;
        for (const needed of needs.map(shareOf)) {
          if (!fits(free, needed)) continue;
          free = freeOf(whole, [
            {
              cores: whole.cores - free.cores,
              memoryBytes: whole.memoryBytes - free.memoryBytes,
              gpus: whole.gpus - free.gpus,
            },
            needed,
          ]);
          count++;
        }
        expect(startAll(whole, needs.map(shareOf))).toHaveLength(count);
      }),
    );
  });

  it('always starts a job on an idle machine that meets its needs, with all cores', () => {
    fc.assert(
      fc.property(machines, requirements, (whole, needed) => {
        fc.pre(meets(whole, needed));
        expect(startAll(whole, [shareOf(needed)]).map((share) => share.cores)).toEqual([whole.cores]);
      }),
    );
  });
});
