import { type FleetPlan, type PlanRequest, planFleet } from '../../cli/index.js';
import { calmTimes, USUAL_MACHINES } from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES } from '../../proto/index.js';
import { inFreshProcess } from '../fresh-process.js';
import { median } from '../median.js';
import type { Row, Scope } from '../scope.js';
import type { SimulationCost } from './simulate-once.js';

/** What is simulated, and for which sizes of block fleets are found. */
export interface SimulatePlan {
  readonly transactions: number;
  readonly vm: number;
  readonly rollup: number;
  readonly sizes: readonly number[];
  readonly windowMs: number;
}

/** The largest block of the RFP on 1,000 machines, and what simulating it may cost (issue 5). */
const LARGEST: SimulatePlan = {
  transactions: 61_440,
  vm: 600,
  rollup: 400,
  sizes: [1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 61_440],
  // The chain of the largest block alone takes ten minutes.
  windowMs: 15 * 60_000,
};
const SECONDS_MAX = 30;
const PROOF_MS = 30_000;

/** Whether proofs vary, straggle and fail. */
const LUCKS = ['calm', 'troubled'] as const;
type Luck = (typeof LUCKS)[number];

export const simulate: Scope = {
  description: `simulates a block of ${LARGEST.transactions} transactions on 1,000 workers, and finds fleets for 1,024 to 61,440`,
  repetitions: 3,
  run: ({ repetitions, progress }) => measureSimulation(LARGEST, repetitions, progress),
};

export async function measureSimulation(
  plan: SimulatePlan,
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const { transactions, vm, rollup } = plan;
  const costs: Record<Luck, SimulationCost[]> = { calm: [], troubled: [] };
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const luck of LUCKS) {
      progress(`simulate: ${repetition} of ${repetitions}, ${luck}`);
      const args = [...[transactions, vm, rollup].map(String), luck];
      costs[luck].push((await inFreshProcess('scopes/simulate-once.js', args)) as SimulationCost);
    }
  }
  const row = (luck: Luck, what: string, unit: string, measure: (cost: SimulationCost) => number): Row => ({
    name: `simulate/${transactions}/${luck === 'calm' ? '' : 'troubled/'}${what}`,
    unit,
    ...median(costs[luck].map(measure)),
  });
  const isLargest = transactions === LARGEST.transactions && vm === LARGEST.vm && rollup === LARGEST.rollup;
  const target = isLargest ? { target: SECONDS_MAX } : {};
  const fleet = `${vm} vm and ${rollup} rollup machines`;
  const trouble = 'times vary by a fifth, 1 % of the proofs take five times as long, 0.5 % fail';
  const rows: Row[] = [
    { ...row('calm', 'time', 's', ({ wallMs }) => wallMs / 1_000), ...target, note: fleet },
    row('calm', 'cpu-per-job', 'us', ({ cpuMs, jobs }) => (cpuMs * 1_000) / jobs),
    row('calm', 'peak-memory', 'MiB', ({ peakMiB }) => peakMiB),
    row('calm', 'makespan-over-bound', '', ({ makespanMs, lowerBoundMs }) => makespanMs / lowerBoundMs),
    { ...row('troubled', 'time', 's', ({ wallMs }) => wallMs / 1_000), ...target, note: `${fleet}; ${trouble}` },
    row('troubled', 'cpu-per-job', 'us', ({ cpuMs, jobs }) => (cpuMs * 1_000) / jobs),
    row('troubled', 'peak-memory', 'MiB', ({ peakMiB }) => peakMiB),
  ];
  for (const size of plan.sizes) {
    progress(`simulate: finding a fleet for ${size} transactions`);
    rows.push(...fleetRows(await planFleet(size, requestOf(plan.windowMs))));
  }
  return rows;
}

/** Nothing is measured here: the same everywhere. */
function fleetRows({ transactions, machines, proven, inTime }: FleetPlan): readonly Row[] {
  const row = (what: string, unit: string, value: number): Row => ({
    name: `simulate/fleet/${transactions}/${what}`,
    unit,
    value,
    spread: [value, value],
    note: 'computed once',
    repetitions: 1,
  });
  if (proven === null || !inTime) return [row('cores', 'cores', Number.NaN)];
  return [
    ...machines.map(({ name, count }) => row(name, 'machines', count)),
    row(
      'cores',
      'cores',
      machines.reduce((sum, { count, cores }) => sum + count * cores, 0),
    ),
    row('core-hours', 'h', proven.coreHours),
    row('makespan', 's', proven.makespanMs / 1_000),
    row('makespan-over-bound', '', proven.overLowerBound),
  ];
}

function requestOf(windowMs: number): PlanRequest {
  return {
    profile: BUILT_IN_PROFILES.production,
    times: calmTimes(() => ({ kind: 'constant', ms: PROOF_MS })),
    calls: [2],
    kinds: [USUAL_MACHINES.vm, USUAL_MACHINES.rollup],
    prices: new Map(),
    workers: undefined,
    windowMs,
    seed: 1,
    runs: 1,
    confidence: 1,
    signal: new AbortController().signal,
    onTrial: () => {},
  };
}
