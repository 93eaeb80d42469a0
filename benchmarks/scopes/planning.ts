import { inFreshProcess } from '../fresh-process.js';
import { median } from '../median.js';
import type { Row, Scope } from '../scope.js';
import type { PlanningCost } from './plan-once.js';

/** The largest block of the RFP, and what planning it may cost (issue 2). */
const LARGEST = { transactions: 61_440, calls: 2 };
const PLAN_MS_MAX = 2_000;
const MEMORY_MIB_MAX = 500;

export const planning: Scope = {
  description: `plans a block of ${LARGEST.transactions} transactions with ${LARGEST.calls} calls each`,
  repetitions: 5,
  run: ({ repetitions, progress }) => measurePlanning(LARGEST, repetitions, progress),
};

export async function measurePlanning(
  block: { readonly transactions: number; readonly calls: number },
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const costs: PlanningCost[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    progress(`planning: ${repetition} of ${repetitions}`);
    const args = [`${block.transactions}`, `${block.calls}`];
    costs.push((await inFreshProcess('scopes/plan-once.js', args)) as PlanningCost);
  }
  const row = (what: string, unit: string, measure: (cost: PlanningCost) => number): Row => ({
    name: `planning/${what}`,
    unit,
    ...median(costs.map(measure)),
  });
  const timed = block.transactions === LARGEST.transactions;
  return [
    row('jobs', 'jobs', (cost) => cost.jobs),
    { ...row('plan', 'ms', (cost) => cost.planMs), ...(timed ? { target: PLAN_MS_MAX } : {}) },
    row('plan-and-every-job', 'ms', (cost) => cost.planMs + cost.everyJobMs),
    row('first-jobs-enqueued', 'ms', (cost) => cost.enqueueMs),
    row('tree-memory-per-job', 'bytes', (cost) => cost.treeBytes / cost.jobs),
    { ...row('peak-memory', 'MiB', (cost) => cost.peakMiB), ...(timed ? { target: MEMORY_MIB_MAX } : {}) },
  ];
}
