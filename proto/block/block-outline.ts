import { createHash } from 'node:crypto';
import type { BlockId } from '../block.js';

/** What identifies a block, and all that its proof tree is planned from: about 100 bytes a transaction. */
export interface BlockOutline {
  readonly version: 1;
  /** `startStateId` of what it starts from. */
  readonly startId: string;
  /** `transactionId` of each transaction, in their order. */
  readonly transactionIds: readonly string[];
  /** Public calls of each transaction. */
  readonly callCounts: readonly number[];
}

/** The id of the block with this outline (`blockId`). */
export function outlineId({ version, startId, transactionIds }: BlockOutline): BlockId {
  return digest(['block', version, startId, transactionIds]);
}

/** The family of the block with this outline (`familyOf`). */
export function outlineFamily({ startId, transactionIds }: BlockOutline): string {
  return digest(['family', startId, transactionIds.slice(0, 1)]);
}

function digest(content: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
