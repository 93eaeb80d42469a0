import { randomBytes } from 'node:crypto';
import { type Block, encodePart, outlineOf, PartBatcher, partsOf } from '../../proto/index.js';
import type { BlockPieces } from '../../store/index.js';

/** A block in memory as the store takes it, in pieces of about so many bytes. */
export function blockPieces(block: Block, bytesMax?: number): BlockPieces {
  const batcher = new PartBatcher(bytesMax);
  const parts = [...partsOf(block)].flatMap((part) => [...batcher.add(part)]).concat(...batcher.end());
  let before = 0;
  const starts = parts.map((part) => {
    const start = before;
    if (part.kind === 'transactions') before += part.transactions.length;
    return start;
  });
  return { outline: outlineOf(block), starts, pieces: () => parts.map(encodePart) };
}

/** A block of so many transactions and nothing else, with proofs of so many random bytes. */
export function paddedBlock(transactions: number, proofBytes: number): Block {
  return {
    version: 1,
    start: { storage: [], nullifiers: [] },
    contracts: [],
    transactions: Array.from({ length: transactions }, (_, index) => ({
      sender: 1n,
      nullifier: BigInt(index),
      calls: [],
      clientProof: { proof: new Uint8Array(randomBytes(proofBytes)), srs: 'none' },
    })),
  };
}
