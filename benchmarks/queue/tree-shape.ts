import { createHash } from 'node:crypto';
import { type BlockShape, type ProofTree, planBlock } from '../../orchestrator/index.js';

export interface TreeShape {
  readonly transactions: number;
  /** Of each transaction. */
  readonly calls: number;
}

/** The tree of a block of this shape; another `seed` gives the same tree with other job ids. */
export function treeOf(shape: TreeShape, seed: string): ProofTree {
  return planBlock(hashedOutlineOf(shape, seed));
}

/** What `treeOf` plans. */
export function hashedOutlineOf(shape: TreeShape, seed: string): BlockShape {
  return outlineOf(shape, sha256(seed), (transaction) => sha256(`${seed} ${transaction}`));
}

export function outlineOf(
  { transactions, calls }: TreeShape,
  lineageSeed: string,
  idOf: (transaction: number) => string,
): BlockShape {
  return {
    lineageSeed,
    transactionIds: Array.from({ length: transactions }, (_, transaction) => idOf(transaction)),
    callCounts: new Array<number>(transactions).fill(calls),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
