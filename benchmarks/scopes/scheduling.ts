import { median } from '../median.js';
import { keptBytesPerJob, type ScheduleCost, scheduleEmbedded, scheduleOverBullmq } from '../queue/schedule-cost.js';
import type { Row, Scope } from '../scope.js';

/** Targets of issue 5, for the largest block. */
const EMBEDDED_S_MAX = 60;
const EMBEDDED_MB_MAX = 700;
const KEPT_BYTES_PER_JOB_MAX = 600;
/** The cost of a job compared with that in a block of the reference size: flat within 20 %. */
const COST_RATIO_MAX = 1.2;

export interface SchedulingScopeOptions {
  /** Transactions of the blocks, the smallest first. */
  readonly sizes: readonly number[];
  /** The size that the costs of the others are compared with; one of `sizes`. */
  readonly reference: number;
  /** Of each transaction. */
  readonly calls: number;
  /** Blocks are repeated until there are so many transactions. */
  readonly transactionsMin: number;
  /** Blocks of the reference size that come before. */
  readonly warmUps: number;
  readonly slots: number;
  /** Transactions of the block that is executed, to see what is kept of it. */
  readonly executed: number;
}

const FULL: SchedulingScopeOptions = {
  sizes: [64, 1_024, 8_192, 61_440],
  reference: 1_024,
  calls: 2,
  transactionsMin: 8_192,
  warmUps: 4,
  slots: 100,
  executed: 4_096,
};

export const scheduling: Scope = {
  description: 'what a job costs to schedule that does nothing, in blocks of 64 to 61,440 transactions',
  repetitions: 3,
  run: ({ repetitions, progress }) => measureScheduling(FULL, repetitions, progress),
};

const WAYS = { embedded: scheduleEmbedded, bullmq: scheduleOverBullmq };
type Way = keyof typeof WAYS;

/** What was measured of one way in one repetition, by size. */
type Costs = ReadonlyMap<number, ScheduleCost>;

export async function measureScheduling(
  options: SchedulingScopeOptions,
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const all: Record<Way, Costs[]> = { embedded: [], bullmq: [] };
  const kept: { readonly whole: number; readonly schedulerAndQueue: number }[] = [];
  const largest = options.sizes.at(-1) ?? 1;
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const way of Object.keys(WAYS) as Way[]) {
      const costs = new Map<number, ScheduleCost>();
      for (const size of options.sizes) {
        progress(`scheduling: ${repetition} of ${repetitions}, ${way}, blocks of ${size}`);
        costs.set(size, await measureOne(way, size, options));
      }
      all[way].push(costs);
    }
    progress(`scheduling: ${repetition} of ${repetitions}, memory of a block`);
    const { calls, executed } = options;
    kept.push({
      whole: await keptBytesPerJob({ transactions: executed, calls }, 'whole'),
      schedulerAndQueue: await keptBytesPerJob({ transactions: largest, calls }, 'scheduler-and-queue'),
    });
  }
  const handedOver = 'that was handed over just now';
  return [
    {
      name: 'scheduling/kept-memory',
      unit: 'bytes/job',
      ...median(kept.map(({ whole }) => whole)),
      target: KEPT_BYTES_PER_JOB_MAX,
      note: `of an executed block of ${options.executed} ${handedOver}, its execution and outline included`,
    },
    {
      name: 'scheduling/kept-memory/scheduler-and-queue',
      unit: 'bytes/job',
      ...median(kept.map(({ schedulerAndQueue }) => schedulerAndQueue)),
      note: `of a block of ${largest} ${handedOver}, with its tree and without its execution`,
    },
    ...rowsOf('embedded', all.embedded, options),
    ...rowsOf('bullmq', all.bullmq, options),
  ];
}

function measureOne(way: Way, transactions: number, options: SchedulingScopeOptions): Promise<ScheduleCost> {
  const { calls, reference, transactionsMin, warmUps, slots } = options;
  const shape = { transactions, calls };
  const blocks = Math.ceil(transactionsMin / transactions);
  const warmUp = { shape: { transactions: reference, calls }, blocks: warmUps };
  return WAYS[way]({ shape, blocks, warmUp, slots });
}

function rowsOf(way: Way, all: readonly Costs[], { sizes, reference }: SchedulingScopeOptions): readonly Row[] {
  const largest = sizes.at(-1);
  return sizes.flatMap((size) => {
    const row = (what: string, unit: string, measure: (cost: ScheduleCost) => number): Row => ({
      name: `scheduling/${way}/${size}/${what}`,
      unit,
      ...median(all.map((costs) => measure(costOf(costs, size)))),
    });
    const isTimed = way === 'embedded' && size === largest;
    const ratios = all.map((costs) => cpuUs(costOf(costs, size)) / cpuUs(costOf(costs, reference)));
    const ratio: Row = { name: `scheduling/${way}/${size}/cost-ratio`, unit: 'x', ...median(ratios) };
    return [
      row('rate', 'jobs/s', ({ jobs, wallMs }) => (1_000 * jobs) / wallMs),
      { ...row('wall', 's', ({ wallMs }) => wallMs / 1_000), ...(isTimed ? { target: EMBEDDED_S_MAX } : {}) },
      row('cpu', 'us/job', cpuUs),
      row('orchestrator-cpu', 'us/job', ({ cpuMs, jobs }) => (1_000 * cpuMs.orchestrator) / jobs),
      ...(size > reference ? [{ ...ratio, target: COST_RATIO_MAX }] : []),
      {
        ...row('orchestrator-memory', 'MB', ({ orchestratorPeakBytes }) => orchestratorPeakBytes / 1e6),
        ...(isTimed ? { target: EMBEDDED_MB_MAX } : {}),
      },
      ...(way === 'bullmq' ? [row('redis-memory', 'MB', ({ redisPeakBytes }) => redisPeakBytes / 1e6)] : []),
      row('cores-of-others', 'cores', ({ othersCores }) => othersCores ?? Number.NaN),
    ];
  });
}

function costOf(costs: Costs, size: number): ScheduleCost {
  const cost = costs.get(size);
  if (cost === undefined) throw new Error(`blocks of ${size} transactions were not measured`);
  return cost;
}

/** Microseconds of processor time a job, of all processes. */
function cpuUs({ cpuMs, jobs }: ScheduleCost): number {
  return (1_000 * (cpuMs.orchestrator + cpuMs.workers + cpuMs.redis)) / jobs;
}
