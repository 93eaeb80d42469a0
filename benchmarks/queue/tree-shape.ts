import { createHash } from 'node:crypto';
import { type ProofTree, planBlock } from '../../orchestrator/index.js';

export interface TreeShape {
  readonly transactions: number;
  /** Of each transaction. */
  readonly calls: number;
}

/** The tree of a block of this shape; another `seed` gives the same tree with other job ids. */
export function treeOf({ transactions, calls }: TreeShape, seed: string): ProofTree {
  return planBlock({
    lineageSeed: sha256(seed),
    transactionIds: Array.from({ length: transactions }, (_, t) => sha256(`${seed} ${t}`)),
    callCounts: new Array<number>(transactions).fill(calls),
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
