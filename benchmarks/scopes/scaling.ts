import {
  AUTOSCALER_DEFAULTS,
  type AutoscalerTiming,
  calmTimes,
  DemandModel,
  type PodTiming,
  type PoolPlan,
  type ProofTree,
  planBlock,
  type ScalingRule,
  type ScalingRun,
  simulateScaling,
  USUAL_MACHINES,
} from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES } from '../../proto/index.js';
import { median } from '../median.js';
import { outlineOf } from '../queue/tree-shape.js';
import type { Row, Scope } from '../scope.js';

/** One block on pods that are scaled by the tree, by proving window, and by the queue's length, by jobs a pod. */
export interface ScalingPlan {
  readonly transactions: number;
  readonly calls: number;
  readonly workersMax: number;
  /** null: as soon as can be. */
  readonly windowsMinutes: readonly (number | null)[];
  readonly jobsPerPod: readonly number[];
  /** Of these with no wait before pods are stopped, too. */
  readonly eagerJobsPerPod: readonly number[];
  /** Of these on pods and with a timing as the tree has them, too: only the rule differs. */
  readonly alikeJobsPerPod: readonly number[];
}

const PLAN: ScalingPlan = {
  transactions: 1_024,
  calls: 2,
  workersMax: 2_048,
  windowsMinutes: [null, 10, 15, 30],
  jobsPerPod: [1, 2, 4, 8, 16],
  eagerJobsPerPod: [1, 4, 16],
  alikeJobsPerPod: [1, 2, 4, 8],
};

export const scaling: Scope = {
  description: `a simulated block of ${PLAN.transactions} transactions on pods that are scaled by the tree, and by the queue's length`,
  repetitions: 3,
  run: ({ repetitions, progress }) => measureScaling(PLAN, repetitions, progress),
};

/** About 30 s a proof, as the RFP has it, and one in two hundred takes three times as long. */
const TIMES = {
  ...calmTimes(() => ({ kind: 'lognormal', medianMs: 30_000, sigma: 0.2 })),
  stragglers: { share: 0.005, factor: 3 },
};
const POD_START_MS = 60_000;
/** A run that has no root by then has none. */
const UNTIL_MS = 4 * 3_600_000;

/** As `k8s/` sets them up. */
const TREE_PODS: PodTiming = {
  podStartMs: POD_START_MS,
  podStartJitter: 0.2,
  graceMs: 330_000,
  deletionCostsMs: 5_000,
};
const TREE_TIMING: AutoscalerTiming = {
  ...AUTOSCALER_DEFAULTS,
  pollMs: 5_000,
  cooldownMs: 60_000,
  stabilizationMs: 0,
};
/** Kubernetes' and KEDA's own defaults. */
const QUEUE_PODS: PodTiming = { ...TREE_PODS, graceMs: 30_000, deletionCostsMs: null };
const QUEUE_TIMING = AUTOSCALER_DEFAULTS;
const EAGER_TIMING: AutoscalerTiming = { ...QUEUE_TIMING, stabilizationMs: 0, cooldownMs: 60_000 };

interface Way {
  readonly name: string;
  readonly windowMinutes: number | null;
  readonly pods: PodTiming;
  readonly timing: AutoscalerTiming;
  /** Anew for each run: a rule may remember what it said. */
  readonly rule: () => ScalingRule;
}

interface Outcome {
  readonly blockSeconds: number;
  readonly coreHours: number;
  readonly workerHours: number;
  readonly lost: number;
}

export async function measureScaling(
  plan: ScalingPlan,
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  // Other ids would be given other proof times: the figures that are told of are those of these.
  const tree = planBlock(outlineOf(plan, numberedId(0), numberedId));
  const outcomes = new Map<string, readonly Outcome[]>();
  for (const way of waysOf(plan)) {
    progress(`scaling: ${way.name}`);
    const runs: Outcome[] = [];
    for (let seed = 1; seed <= repetitions; seed++) runs.push(outcomeOf(await run(way, tree, plan, seed)));
    outcomes.set(way.name, runs);
  }
  const rows = [...outcomes].flatMap(([name, runs]) => rowsOf(`scaling/${plan.transactions}/${name}`, runs));
  return [...rows, ...comparisons(plan, outcomes)];
}

function waysOf({ windowsMinutes, jobsPerPod, eagerJobsPerPod, alikeJobsPerPod }: ScalingPlan): readonly Way[] {
  const byTree = windowsMinutes.map(
    (windowMinutes): Way => ({
      name: windowMinutes === null ? 'tree-soonest' : `tree-${windowMinutes}m`,
      windowMinutes,
      pods: TREE_PODS,
      timing: TREE_TIMING,
      rule: treeRule,
    }),
  );
  const byQueue = (jobs: number, name: string, timing: AutoscalerTiming, pods = QUEUE_PODS): Way => ({
    name: `${name}-${jobs}`,
    windowMinutes: null,
    pods,
    timing,
    rule:
      () =>
      (_, { queued }) =>
        queued / jobs,
  });
  return [
    ...byTree,
    ...jobsPerPod.map((jobs) => byQueue(jobs, 'queue', QUEUE_TIMING)),
    ...eagerJobsPerPod.map((jobs) => byQueue(jobs, 'queue-eager', EAGER_TIMING)),
    ...alikeJobsPerPod.map((jobs) => byQueue(jobs, 'queue-alike', TREE_TIMING, TREE_PODS)),
  ];
}

function treeRule(): ScalingRule {
  const model = new DemandModel();
  return ({ resourceClass, workersMax }, { view }) =>
    model.wanted({ resourceClass, podStartMs: POD_START_MS, slotsPerWorker: 1, workersMax }, view).workers;
}

async function run(way: Way, tree: ProofTree, { workersMax }: ScalingPlan, seed: number): Promise<ScalingRun> {
  const windowMs = way.windowMinutes === null ? null : way.windowMinutes * 60_000;
  return simulateScaling({
    blocks: [{ tree, atMs: 1_000, windowMs }],
    pools: POOLS.map((pool) => ({ ...pool, workersMax })),
    profile: BUILT_IN_PROFILES.production,
    times: TIMES,
    rule: way.rule(),
    pods: way.pods,
    autoscaler: way.timing,
    seed,
    untilMs: UNTIL_MS,
  });
}

const POOLS: readonly Omit<PoolPlan, 'workersMax'>[] = [
  { kind: USUAL_MACHINES.vm, resourceClass: 'vm' },
  { kind: USUAL_MACHINES.rollup, resourceClass: 'rollup' },
];

function outcomeOf({ makespansMs: [makespanMs = Number.NaN], pools }: ScalingRun): Outcome {
  const hours = ({ name }: PoolPlan['kind']) => (pools[name]?.workerMs ?? 0) / 3_600_000;
  const total = (of: (kind: PoolPlan['kind']) => number) => POOLS.reduce((sum, { kind }) => sum + of(kind), 0);
  return {
    blockSeconds: makespanMs / 1_000,
    coreHours: total((kind) => hours(kind) * kind.resources.cores),
    workerHours: total(hours),
    lost: total(({ name }) => pools[name]?.proofs ?? 0),
  };
}

function rowsOf(name: string, runs: readonly Outcome[]): readonly Row[] {
  const isTree = name.includes('/tree-');
  const never = runs.filter(({ blockSeconds }) => !Number.isFinite(blockSeconds)).length;
  const row = (what: string, unit: string, of: (run: Outcome) => number): Row => ({
    name: `${name}/${what}`,
    unit,
    ...median(runs.map(of)),
  });
  if (never > 0) {
    const note = `in ${never} of ${runs.length} runs no root within ${UNTIL_MS / 3_600_000} h`;
    return [
      { name: `${name}/block`, unit: 's', value: Number.NaN, spread: [Number.NaN, Number.NaN], note },
      row('proofs-lost', 'proofs', ({ lost }) => lost),
    ];
  }
  return [
    row('block', 's', ({ blockSeconds }) => blockSeconds),
    row('core-hours', 'h', ({ coreHours }) => coreHours),
    row('worker-hours', 'h', ({ workerHours }) => workerHours),
    { ...row('proofs-lost', 'proofs', ({ lost }) => lost), ...(isTree ? { target: 0 } : {}) },
  ];
}

type Cost = 'coreHours' | 'workerHours';

/** Each run by the tree beside the fastest run by the queue, with the same proofs, that cost no more than it. */
function comparisons({ transactions }: ScalingPlan, outcomes: ReadonlyMap<string, readonly Outcome[]>): readonly Row[] {
  const byQueue = [...outcomes].filter(([name]) => name.startsWith('queue')).map(([, runs]) => runs);
  const row = (name: string, runs: readonly Outcome[], cost: Cost): Row => {
    const hours = cost === 'coreHours' ? 'core-hours' : 'worker-hours';
    return {
      name: `scaling/${transactions}/${name}/block-of-queue-over-own-by-${hours}`,
      unit: '',
      ...median(
        runs.map((own, seed) =>
          ratioOf(
            own,
            byQueue.flatMap((others) => others[seed] ?? []),
            cost,
          ),
        ),
      ),
      targetMin: 1,
      note: `the fastest of all queue rules that cost no more ${hours} than this; where none does, the cheapest`,
    };
  };
  return [...outcomes]
    .filter(([name]) => name.startsWith('tree'))
    .flatMap(([name, runs]) => [row(name, runs, 'coreHours'), row(name, runs, 'workerHours')]);
}

function ratioOf(own: Outcome, others: readonly Outcome[], cost: Cost): number {
  const ended = others.filter(({ blockSeconds }) => Number.isFinite(blockSeconds));
  const affordable = ended.filter((other) => other[cost] <= own[cost]);
  const fastest = affordable.reduce((best, other) => Math.min(best, other.blockSeconds), Number.POSITIVE_INFINITY);
  const cheapest = ended.reduce((best, other) => (other[cost] < best[cost] ? other : best));
  return (Number.isFinite(fastest) ? fastest : cheapest.blockSeconds) / own.blockSeconds;
}

function numberedId(number: number): string {
  return number.toString(16).padStart(64, '0');
}
