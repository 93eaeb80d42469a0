import type { Hasher, RollupPublic } from '../../circuits/index.js';
import type { Field } from '../../proto/index.js';
import { SiblingPaths } from '../state/index.js';
import { ByteReader, ByteWriter } from './byte-record.js';
import type { PackedExecution } from './execute-block.js';
import { PackedTransactions } from './packed-transactions.js';
import { PIECE, pieceOf } from './piece-kinds.js';

/** What an execution is kept as. To be raised with every change of what is executed, or of how it is packed. */
export const EXECUTION_FORMAT = 1;

/** An execution as bytes, piece by piece, each at most a few megabytes and made when it is asked for. */
export function* executionPieces({ transactions, rootPublic }: PackedExecution): Generator<Uint8Array> {
  const writer = new ByteWriter();
  for (const field of [rootPublic.keysHash, rootPublic.startRoot, rootPublic.endRoot, rootPublic.contentHash]) {
    writer.field(field);
  }
  for (const number of [rootPublic.transactions, rootPublic.gasUsed]) writer.field(BigInt(number));
  yield pieceOf(PIECE.root, writer.take());
  yield* transactions.pieces();
}

/**
 * The other way round. Rejects with an `Error` for what is no execution of so many transactions under these keys. What is in
 * the pieces is taken at its word: whoever stores them guards them.
 */
export async function readExecution(
  pieces: AsyncIterable<Buffer>,
  hasher: Hasher,
  expected: { readonly keysHash: Field; readonly transactions: number },
): Promise<PackedExecution> {
  const transactions = PackedTransactions.over(SiblingPaths.of(hasher), expected.keysHash);
  let rootPublic: RollupPublic | undefined;
  for await (const piece of pieces) {
    if (piece[0] === PIECE.root) rootPublic = readRoot(piece);
    else transactions.addPiece(piece);
  }
  if (rootPublic?.keysHash !== expected.keysHash) throw new Error('it is of other keys');
  const found = [rootPublic.transactions, transactions.length];
  if (found.some((count) => count !== expected.transactions)) throw new Error(`it is of ${found[1]} transactions`);
  return { transactions, rootPublic };
}

function readRoot(piece: Buffer): RollupPublic {
  const reader = new ByteReader(piece, 1);
  const [keysHash, startRoot, endRoot] = [reader.field(), reader.field(), reader.field()];
  const contentHash = reader.field();
  return {
    keysHash,
    startRoot,
    endRoot,
    contentHash,
    transactions: Number(reader.field()),
    gasUsed: Number(reader.field()),
  };
}
