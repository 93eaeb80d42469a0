import type { ResourceClass } from '../../proto/index.js';
import type { JobCircuit } from '../plan/child-params.js';
import type { DurationOfCircuit } from '../plan/paths.js';
import type { FlowBlock, FlowGroup } from './flow.js';

export interface BlockOutline {
  readonly transactions: number;
  /** Of all transactions together. */
  readonly calls: number;
}

export interface OutlineMeasures {
  readonly durationOf: DurationOfCircuit;
  readonly classOf: (circuit: JobCircuit) => ResourceClass;
}

/**
 * A block that nobody has planned yet, as it flows once it is: all VM proofs ready, and as many calls in every transaction
 * as there are on average.
 */
export function outlinedBlock({ transactions, calls }: BlockOutline, measures: OutlineMeasures): FlowBlock {
  const groups: FlowGroup[] = [];
  let pathMs = 0;
  // From the root down, each with the place of what waits for it counted from there.
  const above: { parent: number; role: string }[] = [];
  const add = (circuit: JobCircuit, jobs: number, parent: number, role: string): number => {
    const durationMs = measures.durationOf(circuit);
    const ready = circuit === 'public-vm' || (calls === 0 && circuit.startsWith('base')) ? jobs : 0;
    pathMs = (groups[parent]?.pathMs ?? 0) + durationMs;
    const resourceClass = measures.classOf(circuit);
    groups.push({ circuit, resourceClass, durationMs, pathMs, waiting: jobs, ready, runningMs: NONE, roles: [] });
    above.push({ parent, role });
    return groups.length - 1;
  };
  let parent = transactions === 1 ? add('root-rollup-single', 1, -1, '') : addJoins(transactions, add);
  parent = add(calls > 0 ? 'base-rollup-public' : 'base-rollup-private', transactions, parent, 'child');
  for (let kernel = Math.ceil(calls / transactions) - 1; kernel >= 0; kernel--) {
    const jobs = Math.min(transactions, calls - kernel * transactions);
    parent = add(kernel === 0 ? 'public-kernel-first' : 'public-kernel-next', jobs, parent, 'kernel');
    add('public-vm', jobs, parent, 'vm');
  }
  return { groups: leavesFirst(groups, above), ownShare: 1 };
}

const NONE = new Float64Array(0);

/** All levels of joins, the root first; returns the place of the lowest. */
function addJoins(
  transactions: number,
  add: (circuit: JobCircuit, jobs: number, parent: number, role: string) => number,
): number {
  const levels: number[] = [];
  for (let nodes = transactions; nodes > 1; nodes = Math.ceil(nodes / 2)) levels.unshift(Math.floor(nodes / 2));
  return levels.reduce((parent, jobs, i) => add(i === 0 ? 'root-rollup' : 'merge-rollup', jobs, parent, 'child'), -1);
}

/** The longest way to the root first, with the places of children that follow from that. */
function leavesFirst(
  groups: readonly FlowGroup[],
  above: readonly { readonly parent: number; readonly role: string }[],
): readonly FlowGroup[] {
  const order = groups.map((_, i) => i).sort((a, b) => (groups[b]?.pathMs ?? 0) - (groups[a]?.pathMs ?? 0) || b - a);
  return order.map((group) => {
    const roles = new Map<string, number[]>();
    for (const [place, child] of order.entries()) {
      const link = above[child];
      if (link?.parent === group) roles.set(link.role, [...(roles.get(link.role) ?? []), place]);
    }
    return { ...(groups[group] as FlowGroup), roles: [...roles.values()] };
  });
}
