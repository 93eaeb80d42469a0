import { createHash } from 'node:crypto';
import type { Block, BlockId, StartState, Transaction } from '../block.js';
import { type Field, toHex } from '../field.js';
import { type BlockOutline, outlineFamily, outlineId } from './block-outline.js';
import { StartStateRows } from './start-state.js';

/**
 * Identities of what is proven, sha256 in hex over a canonical text: whatever changes a proof changes the id, and nothing
 * else does. So names, comments in sources and contracts that are never called do not count; contract addresses, which
 * bind programs and salts, do. `BlockIdentity` gives the same of a block that comes in parts.
 */

/** Of a starting state: its order and entries of value 0 do not count. */
export function startStateId(start: StartState): string {
  const rows = new StartStateRows();
  rows.add(start);
  return rows.id();
}

/**
 * Of one transaction, wherever it stands. The client proof counts (its hash and its SRS), since the proofs above it are
 * made from these very bytes; calldata counts as the VM sees it, so trailing zeros do not.
 */
export function transactionId(transaction: Transaction): string {
  const { sender, nullifier, calls, clientProof } = transaction;
  const content = [
    'transaction',
    toHex(sender),
    toHex(nullifier),
    calls.map((call) => [toHex(call.contract), trimmed(call.calldata).map(toHex), call.gasLimit]),
    createHash('sha256').update(clientProof.proof).digest('hex'),
    clientProof.srs,
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** Of a block: its starting state and its transactions in order. */
export function blockId(block: Block): BlockId {
  return outlineId(outlineOf(block));
}

/**
 * Of all blocks that can share a job: those with the same starting state and the same first transaction. A job's id hashes
 * both (`ProofTree.lineage`), so two blocks that share any job are of one family.
 */
export function familyOf(block: Block): string {
  return outlineFamily(outlineOf({ ...block, transactions: block.transactions.slice(0, 1) }));
}

export function outlineOf({ version, start, transactions }: Block): BlockOutline {
  return {
    version,
    startId: startStateId(start),
    transactionIds: transactions.map(transactionId),
    callCounts: transactions.map(({ calls }) => calls.length),
  };
}

function trimmed(calldata: readonly Field[]): readonly Field[] {
  return calldata.slice(0, calldata.findLastIndex((word) => word !== 0n) + 1);
}
