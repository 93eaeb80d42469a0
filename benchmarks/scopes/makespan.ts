import { DEFAULT_DURATIONS_MS } from '../../orchestrator/index.js';
import { median } from '../median.js';
import type { CircuitTimesMs, JobTimesMs } from '../queue/job-times.js';
import type { MakespanOptions } from '../queue/makespan.js';
import { makespanEmbedded, makespanOverBullmq } from '../queue/makespan-espalier.js';
import type { Row, Scope } from '../scope.js';

const WAYS = { bullmq: makespanOverBullmq, embedded: makespanEmbedded };
type Way = keyof typeof WAYS;

export interface MakespanCase extends MakespanOptions {
  /** Of its rows. */
  readonly name: string;
  /** The makespan over the lower bound that is asked for. */
  readonly targets?: Readonly<Partial<Record<Way, number>>>;
}

/** Proofs measured with Barretenberg 5 on two threads, a hundred times as fast, and varied: the scheduler knows but a mean. */
const SCALE = 100;
const JITTER = 0.1;
const MEASURED_MS = {
  byCircuit: Object.fromEntries(
    Object.entries(DEFAULT_DURATIONS_MS).map(([circuit, ms]) => [circuit, Math.round(ms / SCALE)]),
  ) as CircuitTimesMs,
  jitter: JITTER,
};

/** Slots a transaction: with two calls there are never more jobs to do than two for each. */
const FLEETS = { starved: 1 / 4, middling: 1, unlimited: 2 };

/** A block of 127 jobs is over before Node has compiled what it runs: `benchmarks/NOTES.md`, "Makespans". */
const SMALL_BLOCKS_BEFORE = 30;

const FULL: readonly MakespanCase[] = [
  {
    ...caseOf('leaves-64', 64, 0, 100, 64),
    warmUps: SMALL_BLOCKS_BEFORE,
    targets: { bullmq: 1.08, embedded: 1.03 },
  },
  { ...caseOf('3s-1024/unlimited', 1_024, 2, 3_000, 2_048), targets: { bullmq: 1.02 } },
  ...[64, 256, 1_024].flatMap((transactions) =>
    Object.entries(FLEETS).map(([fleet, slots]) =>
      caseOf(`measured-${transactions}/${fleet}`, transactions, 2, MEASURED_MS, slots * transactions),
    ),
  ),
];

/** Many slots for each of a few processes: a job of theirs is a timer. */
function caseOf(name: string, transactions: number, calls: number, jobMs: JobTimesMs, slots: number): MakespanCase {
  const workers = slots >= 1_024 ? 2 : 1;
  return { name, shape: { transactions, calls }, jobMs, slots, workers, warmUps: 1 };
}

export const makespan: Scope = {
  description: 'makespan of blocks of simulated proofs over its lower bound, on fleets from starved to unlimited',
  repetitions: 3,
  run: ({ repetitions, progress }) => measureMakespans(FULL, repetitions, progress),
};

export async function measureMakespans(
  cases: readonly MakespanCase[],
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const ways = Object.keys(WAYS) as Way[];
  const measured = cases.map(() => ({ bullmq: [] as number[], embedded: [] as number[], lowerBoundMs: 0 }));
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const [index, one] of cases.entries()) {
      for (const way of ways) {
        progress(`makespan: ${repetition} of ${repetitions}, ${one.name}, ${way}`);
        const { makespanMs, lowerBoundMs } = await WAYS[way](one);
        const into = measured[index];
        into?.[way].push(makespanMs / lowerBoundMs);
        if (into !== undefined) into.lowerBoundMs = lowerBoundMs;
      }
    }
  }
  return cases.flatMap(({ name, targets = {} }, index) => {
    const of = measured[index];
    if (of === undefined) return [];
    return ways.map((way): Row => {
      const target = targets[way];
      return {
        name: `makespan/${name}/${way}`,
        unit: 'x bound',
        ...median(of[way]),
        ...(target === undefined ? {} : { target }),
        note: `of at least ${(of.lowerBoundMs / 1_000).toFixed(2)} s`,
      };
    });
  });
}
