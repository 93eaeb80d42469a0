import { move } from 'piscina';
import { FixedBaseComb } from './comb/fixed-base-comb.js';
import { PointExpander } from './comb/point-expander.js';

/** What runs in the threads of `PointsPool`. Each thread sets up its tables at its first task. */
let comb: Promise<FixedBaseComb> | undefined;
let expander: Promise<PointExpander> | undefined;

export interface MultiplesTask {
  readonly first: bigint;
  readonly ratio: bigint;
  readonly count: number;
}

export async function multiples(task: MultiplesTask): Promise<unknown> {
  comb ??= FixedBaseComb.create();
  return move((await comb).geometricMultiples(task.first, task.ratio, task.count));
}

export async function expand(compressed: Uint8Array): Promise<unknown> {
  expander ??= PointExpander.create();
  return move((await expander).expand(compressed));
}
