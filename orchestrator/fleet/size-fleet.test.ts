import { describe, expect, it } from 'vitest';
import { BUILT_IN_PROFILES } from '../../proto/index.js';
import { CALM, ROLLUP_KIND, ROUGH, treeOfCalls, VM_KIND } from '../../tests/support/fleet-samples.js';
import type { ProofTimes } from './proof-times.js';
import { simulateBlock } from './simulate-block.js';
import { type FleetSearch, sizeFleet } from './size-fleet.js';

const { production: profile } = BUILT_IN_PROFILES;

function search(windowMs: number, times: ProofTimes = CALM, weights = { vm: 32, rollup: 8 }): FleetSearch {
  return {
    tree: treeOfCalls(new Array<number>(64).fill(2)),
    profile,
    times,
    windowMs,
    seeds: times === CALM ? [1] : [1, 2, 3, 4],
    neededRuns: times === CALM ? 1 : 3,
    kinds: [
      { kind: VM_KIND, weight: weights.vm },
      { kind: ROLLUP_KIND, weight: weights.rollup },
    ],
  };
}

describe('the fleet that is found', () => {
  it.each([
    ['where all proofs take as long', CALM, { vm: 32, rollup: 8 }],
    ['where they vary, straggle and fail', ROUGH, { vm: 32, rollup: 8 }],
    ['where machines for VM jobs are dear', CALM, { vm: 100, rollup: 1 }],
  ] as const)('is in time, and with fewer of a kind it is not: %s', async (_, times, weights) => {
    const options = search(600_000, times, weights);
    const size = await sizeFleet(options);
    expect(size.found).toBe(true);
    const inTime = size.runs.filter(({ outcome, makespanMs }) => outcome === 'proven' && makespanMs <= 600_000);
    expect(inTime.length).toBeGreaterThanOrEqual(options.neededRuns);
    if (times !== CALM) return;
    for (const less of size.machines) {
      if (less.count === 0) continue;
      const machines = size.machines.map((known) => (known === less ? { ...less, count: less.count - 1 } : known));
      const run = await simulateBlock({ ...options, machines, seed: 1, untilMs: 600_000 });
      expect(run.outcome).not.toBe('proven');
    }
  });

  it('has fewer of what is dear', async () => {
    const countOf = async (weights: { vm: number; rollup: number }) =>
      (await sizeFleet(search(500_000, CALM, weights))).machines[0]?.count ?? Number.NaN;
    expect(await countOf({ vm: 100, rollup: 1 })).toBeLessThan(await countOf({ vm: 1, rollup: 100 }));
  });
});

it('says so when no fleet is in time, with what an unlimited one does', async () => {
  const size = await sizeFleet(search(299_000));
  expect(size.found).toBe(false);
  // VM, two kernels, base, six levels of joins.
  expect(size.runs.map(({ makespanMs }) => makespanMs)).toEqual([300_000]);
});
