/**
 * Simulates one block in this process and prints what that cost:
 * `node simulate-once.js TRANSACTIONS VM ROLLUP calm|troubled`.
 */
import { calmTimes, planBlock, simulateBlock, USUAL_MACHINES } from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES } from '../../proto/index.js';
import { hashedOutlineOf } from '../queue/tree-shape.js';

export interface SimulationCost {
  readonly jobs: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Of the whole process, from its start to its end. */
  readonly peakMiB: number;
  readonly makespanMs: number;
  readonly lowerBoundMs: number;
}

const PROOF_MS = 30_000;
const CALLS = 2;

/** As `plan-fleet --jitter 0.2 --stragglers 0.01x5 --failures 0.005` has it. */
const TROUBLE = { jitter: 0.2, stragglers: { share: 0.01, factor: 5 }, failures: 0.005 };

const [transactions = 0, vm = 0, rollup = 0] = process.argv.slice(2, 5).map(Number);
const isTroubled = process.argv[5] === 'troubled';
const outline = hashedOutlineOf({ transactions, calls: CALLS }, 'simulate');

const startedMs = performance.now();
const startedCpu = process.cpuUsage();
const run = await simulateBlock({
  tree: planBlock(outline),
  machines: [
    { kind: USUAL_MACHINES.vm, count: vm },
    { kind: USUAL_MACHINES.rollup, count: rollup },
  ],
  profile: BUILT_IN_PROFILES.production,
  times: { ...calmTimes(() => ({ kind: 'constant', ms: PROOF_MS })), ...(isTroubled ? TROUBLE : {}) },
  seed: 1,
});
const wallMs = performance.now() - startedMs;
const { user, system } = process.cpuUsage(startedCpu);
if (run.outcome !== 'proven') throw new Error(`the block is ${run.outcome}`);
const cost: SimulationCost = {
  jobs: run.levels.reduce((sum, { jobs }) => sum + jobs, 0),
  wallMs,
  cpuMs: (user + system) / 1_000,
  peakMiB: process.resourceUsage().maxRSS / 1024,
  makespanMs: run.makespanMs,
  lowerBoundMs: run.bound.lowerBoundMs,
};
process.stdout.write(JSON.stringify(cost));
