/** Simulates one block in this process and prints what that cost: `node simulate-once.js TRANSACTIONS VM ROLLUP`. */
import { calmTimes, planBlock, simulateBlock } from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES, BYTES_PER_GIB } from '../../proto/index.js';

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

const [transactions = 0, vm = 0, rollup = 0] = process.argv.slice(2).map(Number);
const idOf = (number: number) => number.toString(16).padStart(64, '0');
const kindOf = (name: string, cores: number, memoryGiB: number) => ({
  name,
  resources: { cores, memoryBytes: memoryGiB * BYTES_PER_GIB, gpus: 0 },
});

const startedMs = performance.now();
const startedCpu = process.cpuUsage();
const run = await simulateBlock({
  tree: planBlock({
    lineageSeed: idOf(0),
    transactionIds: Array.from({ length: transactions }, (_, t) => idOf(t)),
    callCounts: new Array<number>(transactions).fill(CALLS),
  }),
  machines: [
    { kind: kindOf('vm', 32, 64), count: vm },
    { kind: kindOf('rollup', 8, 16), count: rollup },
  ],
  profile: BUILT_IN_PROFILES.production,
  times: calmTimes(() => ({ kind: 'constant', ms: PROOF_MS })),
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
