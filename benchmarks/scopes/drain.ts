import { median } from '../median.js';
import type { Drain, DrainOptions } from '../queue/drain.js';
import { drainBullmq } from '../queue/drain-bullmq.js';
import { drainEspalier } from '../queue/drain-espalier.js';
import type { Row, Scope } from '../scope.js';

/** The rates that issue 5 asks for: so much of raw BullMQ's, and of that of a flow, which must be added too. */
const RATIO_TO_JOBS_MIN = 0.7;
const RATIO_TO_FLOW_MIN = 1.5;

export interface DrainScopeOptions {
  readonly shape: DrainOptions['shape'];
  readonly workers: number;
  readonly warmUps: number;
  /** Jobs at a time of one worker: of BullMQ's, and of ours. */
  readonly concurrency: { readonly bullmq: number; readonly espalier: number };
}

/** 6,143 jobs. Either kind of worker is given the number of jobs at a time that it is fastest with on two cores. */
const FULL: DrainScopeOptions = {
  shape: { transactions: 1_024, calls: 2 },
  workers: 1,
  warmUps: 4,
  concurrency: { bullmq: 100, espalier: 100 },
};

export const drain: Scope = {
  description: 'a tree of jobs that do nothing, scheduled by an orchestrator, against raw BullMQ and its flows',
  repetitions: 5,
  run: ({ repetitions, progress }) => measureDrains(FULL, repetitions, progress),
};

/** Ways to drain. */
type Way = 'bullmq-jobs' | 'bullmq-jobs-and-adding' | 'bullmq-flow' | 'bullmq-flow-and-adding' | 'espalier';
type Drains = Readonly<Record<Way, Drain>>;

export async function measureDrains(
  { concurrency, ...common }: DrainScopeOptions,
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const bullmq = { ...common, concurrency: concurrency.bullmq };
  const ways: Readonly<Record<Way, () => Promise<Drain>>> = {
    'bullmq-jobs': () => drainBullmq({ ...bullmq, what: 'jobs', adding: 'before' }),
    espalier: () => drainEspalier({ ...common, concurrency: concurrency.espalier }),
    'bullmq-jobs-and-adding': () => drainBullmq({ ...bullmq, what: 'jobs', adding: 'within' }),
    'bullmq-flow': () => drainBullmq({ ...bullmq, what: 'flow', adding: 'before' }),
    'bullmq-flow-and-adding': () => drainBullmq({ ...bullmq, what: 'flow', adding: 'within' }),
  };
  const all: Drains[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const drains: Partial<Record<Way, Drain>> = {};
    for (const [name, way] of Object.entries(ways) as [Way, () => Promise<Drain>][]) {
      progress(`drain: ${repetition} of ${repetitions}, ${name}`);
      drains[name] = await way();
    }
    all.push(drains as Drains);
  }
  return rowsOf(all);
}

function rowsOf(all: readonly Drains[]): readonly Row[] {
  const row = (what: string, unit: string, measure: (drains: Drains) => number): Row => ({
    name: `drain/${what}`,
    unit,
    ...median(all.map(measure)),
  });
  const ratio = (other: Way) =>
    row(`ratio-to-${other}`, 'x', (drains) => jobsPerSecond(drains.espalier) / jobsPerSecond(drains[other]));
  const ways = Object.keys(all[0] ?? {}) as Way[];
  return [
    { ...ratio('bullmq-jobs'), targetMin: RATIO_TO_JOBS_MIN },
    ratio('bullmq-jobs-and-adding'),
    ratio('bullmq-flow'),
    { ...ratio('bullmq-flow-and-adding'), targetMin: RATIO_TO_FLOW_MIN },
    ...ways.flatMap((way) => [
      row(way, 'jobs/s', (drains) => jobsPerSecond(drains[way])),
      row(`${way}/redis-cpu`, 'us/job', (drains) => perJobUs(drains[way], 'redis')),
      row(`${way}/worker-cpu`, 'us/job', (drains) => perJobUs(drains[way], 'workers')),
      row(`${way}/producer-cpu`, 'us/job', (drains) => perJobUs(drains[way], 'producer')),
      row(`${way}/redis-memory`, 'MB', (drains) => drains[way].redisPeakBytes / 1e6),
      row(`${way}/cores-of-others`, 'cores', (drains) => drains[way].othersCores ?? Number.NaN),
    ]),
  ];
}

function jobsPerSecond({ jobs, wallMs }: Drain): number {
  return (1_000 * jobs) / wallMs;
}

function perJobUs({ jobs, cpuMs }: Drain, whose: keyof Drain['cpuMs']): number {
  return (1_000 * cpuMs[whose]) / jobs;
}
