import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_PROFILES } from '../../proto/index.js';
import {
  anyCalls,
  anyFleet,
  CALM,
  fleetOf,
  ROUGH,
  simulationOf,
  treeOfCalls,
} from '../../tests/support/fleet-samples.js';
import { type BlockRun, simulateBlock } from './simulate-block.js';
import { Workload } from './workload.js';

const anyTimes = fc.constantFrom(CALM, ROUGH);
const anySeed = fc.integer({ min: 0, max: 1_000_000 });
const PROOF_MS = 30_000;

type ProvenRun = BlockRun & { readonly outcome: 'proven' };

function provenRun(run: BlockRun): ProvenRun {
  if (run.outcome === 'proven') return run;
  throw new Error(`the run is ${run.outcome}: ${JSON.stringify(run)}`);
}

describe('whatever the block, the fleet and the luck', () => {
  it('the makespan keeps the lower bound, and each moment of it is told', async () => {
    await fc.assert(
      fc.asyncProperty(anyCalls, anyFleet, anyTimes, anySeed, async (calls, fleet, times, seed) => {
        const options = simulationOf(calls, fleetOf(...fleet), times, seed);
        const { makespanMs, bound, levels, attempts } = provenRun(await simulateBlock(options));
        expect(makespanMs).toBeGreaterThanOrEqual(bound.lowerBoundMs - 1e-6);
        expect(levels.reduce((sum, { jobs }) => sum + jobs, 0)).toBe(options.tree.size);
        expect(attempts).toBeGreaterThanOrEqual(options.tree.size);
        const chainMs = levels.reduce(
          (sum, { onChain }) => sum + onChain.waitingMs + onChain.workingMs + onChain.lostMs,
          0,
        );
        expect(chainMs).toBeCloseTo(makespanMs, 3);
        const spent = levels.flatMap(({ all }) => [all.waitingMs, all.workingMs, all.lostMs]);
        expect(Math.min(...spent)).toBeGreaterThanOrEqual(-1e-6);
      }),
      { numRuns: 60 },
    );
  });

  it('the same seed gives the same run', async () => {
    await fc.assert(
      fc.asyncProperty(anyCalls, anyFleet, anySeed, async (calls, fleet, seed) => {
        const run = () => simulateBlock(simulationOf(calls, fleetOf(...fleet), ROUGH, seed));
        expect(await run()).toEqual(await run());
      }),
      { numRuns: 10 },
    );
  });

  it('twice the machines take at most a proof longer, and where all proofs are alike no machine idles in vain', async () => {
    await fc.assert(
      fc.asyncProperty(anyCalls, fc.integer({ min: 1, max: 12 }), async (calls, count) => {
        const makespanMs = async (vm: number) => (await simulateBlock(simulationOf(calls, fleetOf(vm, 0)))).makespanMs;
        const once = await makespanMs(count);
        expect(await makespanMs(2 * count)).toBeLessThanOrEqual(once + PROOF_MS);
        const tree = treeOfCalls(calls);
        const path = new Workload(tree, new Float64Array(tree.size).fill(PROOF_MS), BUILT_IN_PROFILES.production);
        // What list scheduling takes at most (Graham), every proof taken for one that fills its machine.
        expect(once).toBeLessThanOrEqual((tree.size * PROOF_MS) / count + path.criticalPathMs);
      }),
      { numRuns: 30 },
    );
  });
});

it('more machines than jobs take the critical path, which the kernels of one transaction decide in a deep tree', async () => {
  const shallow = new Array<number>(32).fill(1);
  const deep = [24, ...shallow.slice(1)];
  const run = async (calls: readonly number[]) =>
    provenRun(await simulateBlock(simulationOf(calls, fleetOf(calls.length + 24, 100))));
  // VM, kernels, base, and five levels of joins.
  expect((await run(shallow)).makespanMs).toBe((1 + 1 + 1 + 5) * PROOF_MS);
  const { makespanMs, bound, levels } = await run(deep);
  expect(makespanMs).toBe((1 + 24 + 1 + 5) * PROOF_MS);
  expect(bound.criticalPathMs).toBe(makespanMs);
  expect(levels.find(({ name }) => name === 'public-kernel')?.onChain).toEqual({
    jobs: 24,
    workingMs: 24 * PROOF_MS,
    waitingMs: 0,
    lostMs: 0,
  });
});

it('a machine for VM jobs takes four others beside each other', async () => {
  const { makespanMs, utilisation } = await simulateBlock(simulationOf([0, 0, 0, 0], fleetOf(1, 0)));
  // Four bases at once, then two merges, then the root.
  expect(makespanMs).toBe(3 * PROOF_MS);
  expect(utilisation['vm']).toBeCloseTo((4 + 2 + 1) / (3 * 4));
});

describe('trouble', () => {
  it('is tried again, and stragglers are overtaken', async () => {
    const calls = new Array<number>(64).fill(1);
    const run = provenRun(await simulateBlock(simulationOf(calls, fleetOf(40, 40), ROUGH)));
    expect(run.retries).toBeGreaterThan(0);
    expect(run.hedges).toBeGreaterThan(0);
    expect(run.attempts).toBeGreaterThanOrEqual(treeOfCalls(calls).size + run.retries + run.hedges);
  });

  it('beyond what a job may fail fails the block', async () => {
    const run = await simulateBlock(simulationOf([1], fleetOf(1, 1), { ...CALM, failures: 1 }));
    expect(run).toMatchObject({ outcome: 'failed', error: { code: 'attempts-exhausted' }, retries: 3 });
  });

  it('ends a proof at its time limit', async () => {
    const times = { ...CALM, stragglers: { share: 1, factor: 100 } };
    const run = await simulateBlock(simulationOf([1], fleetOf(1, 1), times));
    expect(run).toMatchObject({ outcome: 'failed', error: { message: expect.stringContaining('prover-timeout') } });
  });

  it('is a fleet that takes no VM jobs, or none at all', async () => {
    expect(await simulateBlock(simulationOf([1], fleetOf(0, 3)))).toMatchObject({ outcome: 'stuck' });
    expect(await simulateBlock(simulationOf([1], []))).toMatchObject({ outcome: 'stuck', attempts: 0 });
  });
});

it('ends when so much time has passed, or when the signal aborts', async () => {
  const options = simulationOf(new Array<number>(8).fill(1), fleetOf(1, 0));
  const { outcome, makespanMs } = await simulateBlock({ ...options, untilMs: 100_000 });
  expect(outcome).toBe('unfinished');
  expect(makespanMs).toBeLessThanOrEqual(100_000);
  const large = simulationOf(new Array<number>(1_024).fill(1), fleetOf(8, 8));
  const reason = new Error('enough');
  await expect(simulateBlock({ ...large, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
