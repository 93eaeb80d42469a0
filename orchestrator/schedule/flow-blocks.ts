import type { ResourceClass } from '../../proto/index.js';
import { at } from '../plan/at.js';
import type { JobCircuit } from '../plan/child-params.js';
import { type DurationOfCircuit, remainingPathOf } from '../plan/paths.js';
import type { BlockJobs } from './block-jobs.js';
import type { FlowBlock, FlowGroup } from './flow.js';
import type { JobGroup } from './job-groups.js';

/** A job that runs for longer than expected is expected to run for so much longer, as a share of its usual time. */
const OVERDUE_SHARE = 0.05;

export interface FlowMeasures {
  readonly nowMs: number;
  readonly durationOf: DurationOfCircuit;
  readonly classOf: (circuit: JobCircuit) => ResourceClass;
}

/** What is left of a block, as it flows through the fleet. `older`: open blocks that may share jobs with it. */
export function flowBlockOf(block: BlockJobs, older: readonly BlockJobs[], measures: FlowMeasures): FlowBlock {
  const { durationOf } = measures;
  const left = [...block.groups.all()].filter((group) => group.left > 0);
  const pathOf = new Map(left.map((group) => [group, remainingPathOf(block.tree, group.example, durationOf)]));
  const longestFirst = (a: JobGroup, b: JobGroup) => (pathOf.get(b) ?? 0) - (pathOf.get(a) ?? 0) || b.depth - a.depth;
  const ordered = left.sort(longestFirst);
  const running = runningOf(block, measures);
  const roles = rolesOf(block, ordered);
  const groups = ordered.map(
    (group, i): FlowGroup => ({
      circuit: group.circuit,
      resourceClass: measures.classOf(group.circuit),
      durationMs: durationOf(group.circuit),
      pathMs: pathOf.get(group) ?? 0,
      waiting: group.left - group.running,
      ready: Math.min(group.ready, group.left - group.running),
      runningMs: Float64Array.from(running.get(group) ?? []).sort(),
      roles: [...at(roles, i).values()],
    }),
  );
  return { groups, ownShare: ownShareOf(block, older) };
}

function runningOf(block: BlockJobs, { nowMs, durationOf }: FlowMeasures): ReadonlyMap<JobGroup, readonly number[]> {
  const running = new Map<JobGroup, number[]>();
  for (const [job, sinceMs] of block.leased) {
    const group = block.groups.of(job);
    const usualMs = durationOf(group.circuit);
    const leftMs = Math.max(usualMs * OVERDUE_SHARE, usualMs - (nowMs - sinceMs));
    const others = running.get(group);
    if (others === undefined) running.set(group, [leftMs]);
    else others.push(leftMs);
  }
  return running;
}

/** Of each group its groups of children by role: a VM proof and a kernel are two, and each child of a join is one. */
function rolesOf(block: BlockJobs, ordered: readonly JobGroup[]): readonly ReadonlyMap<string, number[]>[] {
  const place = new Map(ordered.map((group, i) => [group, i]));
  const roles = ordered.map(() => new Map<string, number[]>());
  for (const [i, group] of ordered.entries()) {
    const parent = block.groups.parentOf(group);
    const above = parent === undefined ? undefined : place.get(parent);
    if (parent === undefined || above === undefined) continue;
    const isOfJoin = parent.circuit === 'merge-rollup' || parent.circuit.startsWith('root');
    const role = isOfJoin ? `child ${i}` : group.circuit === 'public-vm' ? 'vm' : 'kernel';
    const children = at(roles, above).get(role);
    if (children === undefined) at(roles, above).set(role, [i]);
    else children.push(i);
  }
  return roles;
}

/** The part of a block's transactions that no older one begins with as well: what these share is done by the older. */
function ownShareOf({ tree }: BlockJobs, older: readonly BlockJobs[]): number {
  let shared = 0;
  for (const other of older) {
    let low = shared;
    let high = Math.min(tree.transactions, other.tree.transactions);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tree.lineage(middle) === other.tree.lineage(middle)) low = middle + 1;
      else high = middle;
    }
    shared = Math.max(shared, low);
  }
  return 1 - shared / tree.transactions;
}
