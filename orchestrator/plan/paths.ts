import { at } from './at.js';

import type { JobCircuit } from './child-params.js';
import type { ProofTree } from './proof-tree.js';

/** Milliseconds that a proof of a circuit takes. */
export type DurationOfCircuit = (circuit: JobCircuit) => number;

/**
 * Time from the start of a job to the end of the root if nothing ever waits: its own duration and that of every job
 * above it. The same for jobs that stand alike, so it needs no walk over the tree.
 */
export function remainingPathOf(tree: ProofTree, job: number, durationOf: DurationOfCircuit): number {
  const circuit = tree.circuit(job);
  let pathMs = durationOf(circuit);
  if (job === tree.root) return pathMs;
  const kernels = tree.kernelsAbove(job);
  if (kernels > 0) {
    const firstAbove = circuit === 'public-vm' && tree.circuit(tree.parent(job)) === 'public-kernel-first' ? 1 : 0;
    pathMs += firstAbove * durationOf('public-kernel-first');
    pathMs += (kernels - firstAbove) * durationOf('public-kernel-next');
  }
  const belowBase = tree.place(job).kind === 'call';
  if (belowBase) pathMs += durationOf('base-rollup-public');
  pathMs += (tree.joinsAbove(job) - 1) * durationOf('merge-rollup');
  return pathMs + durationOf(tree.circuit(tree.root));
}

/** `remainingPathOf` of every job, by job number. */
export function remainingPathMs(tree: ProofTree, durationOf: DurationOfCircuit): Float64Array {
  const paths = new Float64Array(tree.size);
  for (let job = tree.size - 1; job >= 0; job--) {
    const parent = tree.parent(job);
    paths[job] = durationOf(tree.circuit(job)) + (parent < 0 ? 0 : at(paths, parent));
  }
  return paths;
}

/** The longest chain of job durations from a leaf to the root: no schedule on any number of machines is faster. */
export function criticalPathMs(tree: ProofTree, durationOfJob: (job: number) => number): number {
  const startsAfter = new Float64Array(tree.size);
  let endMs = 0;
  for (let job = 0; job < tree.size; job++) {
    endMs = at(startsAfter, job) + durationOfJob(job);
    const parent = tree.parent(job);
    if (parent >= 0) startsAfter[parent] = Math.max(at(startsAfter, parent), endMs);
  }
  return endMs;
}

/** Jobs that are alike: the duration of each, or what is left of it, and that of the chain of jobs that must follow. */
export interface AlikeJobs {
  readonly count: number;
  readonly durationMs: number;
  readonly tailMs: number;
}

/**
 * No schedule of these jobs on `slots` machines is shorter: whatever has at least `t` to follow must all be done before
 * the last `t` can begin. With `t = 0` that is the work divided by the slots; larger `t` count in that the top of a tree
 * cannot keep many slots busy. Nor is any chain shorter than itself. `workBeforeMs` is work that takes the slots first.
 */
export function makespanBoundMs(jobs: Iterable<AlikeJobs>, slots: number, workBeforeMs = 0): number {
  let boundMs = workBeforeMs / slots;
  const workByTail = new Map<number, number>();
  for (const { count, durationMs, tailMs } of jobs) {
    if (count === 0) continue;
    boundMs = Math.max(boundMs, durationMs + tailMs);
    workByTail.set(tailMs, (workByTail.get(tailMs) ?? 0) + count * durationMs);
  }
  let workMs = workBeforeMs;
  for (const [tailMs, tailWorkMs] of [...workByTail].sort(([a], [b]) => b - a)) {
    workMs += tailWorkMs;
    boundMs = Math.max(boundMs, tailMs + workMs / slots);
  }
  return boundMs;
}
