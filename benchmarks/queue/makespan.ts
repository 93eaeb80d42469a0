import { criticalPathMs, type ProofTree } from '../../orchestrator/index.js';
import { type JobTimesMs, jobTimeMs } from './job-times.js';
import { type TreeShape, treeOf } from './tree-shape.js';

/** Jobs that take a known time, on a fleet with so many slots. */
export interface MakespanOptions {
  readonly shape: TreeShape;
  readonly jobMs: JobTimesMs;
  /** Jobs that the whole fleet has at a time, shared evenly among its processes. */
  readonly slots: number;
  /** Worker processes; an embedded cluster has none beside its own. */
  readonly workers: number;
  /** How often the tree is proven before it is measured, by the same processes. */
  readonly warmUps: number;
}

export interface Makespan {
  readonly jobs: number;
  /** From the first job's being handed over until whoever did so knows that the root is proven. */
  readonly makespanMs: number;
  readonly lowerBoundMs: number;
}

/** `seed`: of the tree that was proven, since the times of its jobs may follow from their ids. */
export function makespanOf({ shape, jobMs, slots }: MakespanOptions, seed: string, makespanMs: number): Makespan {
  const tree = treeOf(shape, seed);
  return { jobs: tree.size, makespanMs, lowerBoundMs: lowerBoundMs(tree, jobMs, slots) };
}

/** No schedule is shorter: the longest path from a leaf to the root, or all work spread evenly over all slots. */
export function lowerBoundMs(tree: ProofTree, jobMs: JobTimesMs, slots: number): number {
  const timeOf = (job: number) => jobTimeMs(jobMs, { id: tree.jobId(job), circuit: tree.circuit(job) });
  let workMs = 0;
  for (let job = 0; job < tree.size; job++) workMs += timeOf(job);
  return Math.max(criticalPathMs(tree, timeOf), workMs / slots);
}
