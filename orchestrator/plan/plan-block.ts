import { EspalierError } from '../../common/index.js';
import { LIMITS } from '../../proto/index.js';
import { at } from './at.js';
import { Lineage } from './lineage.js';
import { ProofTree } from './proof-tree.js';

/** All of a block that its proof tree depends on. */
export interface BlockShape {
  /** sha256 (64 hexadecimal digits) of the proof system's id and the state root that the block starts from. */
  readonly lineageSeed: string;
  /** sha256 (64 hexadecimal digits) of each transaction's content, in block order. */
  readonly transactionIds: readonly string[];
  /** Public calls of each transaction. */
  readonly callCounts: ArrayLike<number>;
}

/**
 * Plans a block: the same shape gives the same tree with the same ids, always and everywhere.
 *
 * Throws `block-invalid` for a shape out of bounds (`LIMITS`).
 */
export function planBlock(shape: BlockShape): ProofTree {
  const { lineageSeed, transactionIds, callCounts } = shape;
  if (transactionIds.length < 1 || transactionIds.length > LIMITS.transactionsMax) {
    throw invalid(`a block has 1 to ${LIMITS.transactionsMax} transactions, this one has ${transactionIds.length}`);
  }
  if (callCounts.length !== transactionIds.length) {
    throw invalid(`${transactionIds.length} transactions, but ${callCounts.length} call counts`);
  }
  if (!isSha256(lineageSeed)) throw invalid(`lineage seed "${lineageSeed}" is not 64 hexadecimal digits`);
  let calls = 0;
  for (let t = 0; t < transactionIds.length; t++) {
    const count = at(callCounts, t);
    if (!Number.isInteger(count) || count < 0 || count > LIMITS.callsPerTransactionMax) {
      throw invalid(`tx ${t}: a transaction has 0 to ${LIMITS.callsPerTransactionMax} calls, this one has ${count}`);
    }
    if (!isSha256(at(transactionIds, t)))
      throw invalid(`tx ${t}: id "${transactionIds[t]}" is not 64 hexadecimal digits`);
    calls += count;
  }
  if (calls > LIMITS.callsMax) throw invalid(`a block has at most ${LIMITS.callsMax} calls, this one has ${calls}`);
  return new ProofTree(callCounts, new Lineage(lineageSeed, transactionIds));
}

function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function invalid(message: string): EspalierError {
  return new EspalierError('block-invalid', message);
}
