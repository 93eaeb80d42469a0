import { createHash } from 'node:crypto';
import { type Block, type BlockId, type Field, type StartState, type Transaction, toHex } from '../../proto/index.js';

/**
 * Identities of what is proven, sha256 in hex over a canonical text: whatever changes a proof changes the id, and nothing
 * else does. So names, comments in sources and contracts that are never called do not count; contract addresses, which
 * bind programs and salts, do.
 */

/** Of a starting state: its order and entries of value 0 do not count. */
export function startStateId(start: StartState): string {
  const storage = start.storage
    .filter(({ value }) => value !== 0n)
    .map(({ contract, slot, value }) => [toHex(contract), toHex(slot), toHex(value)].join(' '))
    .sort();
  return digest(['start', storage, start.nullifiers.map(toHex).sort()]);
}

/**
 * Of one transaction, wherever it stands. The client proof counts (its hash and its SRS), since the proofs above it are
 * made from these very bytes; calldata counts as the VM sees it, so trailing zeros do not.
 */
export function transactionId(transaction: Transaction): string {
  const { sender, nullifier, calls, clientProof } = transaction;
  return digest([
    'transaction',
    toHex(sender),
    toHex(nullifier),
    calls.map((call) => [toHex(call.contract), trimmed(call.calldata).map(toHex), call.gasLimit]),
    createHash('sha256').update(clientProof.proof).digest('hex'),
    clientProof.srs,
  ]);
}

/** Of a block: its starting state and its transactions in order. */
export function blockId(block: Block): BlockId {
  return digest(['block', block.version, startStateId(block.start), block.transactions.map(transactionId)]);
}

/**
 * Of all blocks that can share a job: those with the same starting state and the same first transaction. A job's id hashes
 * both (`ProofTree.lineage`), so two blocks that share any job are of one family.
 */
export function familyOf(block: Block): string {
  return digest(['family', startStateId(block.start), block.transactions.slice(0, 1).map(transactionId)]);
}

function trimmed(calldata: readonly Field[]): readonly Field[] {
  return calldata.slice(0, calldata.findLastIndex((word) => word !== 0n) + 1);
}

function digest(content: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
