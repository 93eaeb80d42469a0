import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { type BlockSource, type Field, toHex } from '../../proto/index.js';
import type { BlockStore } from '../../store/index.js';
import { EXECUTION_FORMAT, executionPieces, type PackedExecution, readExecution } from '../execute/index.js';

/** Where executions are kept, so that whoever takes up a block again does not execute it again. */
export type ExecutionStore = Pick<BlockStore, 'findExecution' | 'getExecutionPiece' | 'putExecution'>;

/**
 * What an earlier owner executed, if it is there, whole, and of this format and these keys; else undefined. Rejects as the
 * store does when it is away, and when `signal` is aborted.
 */
export async function findExecution(
  { id, outline }: Pick<BlockSource, 'id' | 'outline'>,
  store: ExecutionStore,
  {
    hasher,
    keysHash,
    signal,
  }: { readonly hasher: Hasher; readonly keysHash: Field; readonly signal?: AbortSignal | undefined },
): Promise<PackedExecution | undefined> {
  try {
    const place = await store.findExecution(id);
    if (place?.value.format !== EXECUTION_FORMAT || place.value.keysHash !== toHex(keysHash)) return undefined;
    const expected = { keysHash, transactions: outline.transactionIds.length };
    return await readExecution(piecesOf(place, store, signal), hasher, expected);
  } catch (thrown) {
    signal?.throwIfAborted();
    // Damaged, or deleted meanwhile: what is no error of the store's is one in what it holds.
    if (thrown instanceof EspalierError && thrown.code !== 'store-corrupt') throw thrown;
    return undefined;
  }
}

type Place = NonNullable<Awaited<ReturnType<ExecutionStore['findExecution']>>>;

/** One piece is read while the one before is worked on. */
async function* piecesOf(place: Place, store: ExecutionStore, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const read = (piece: number) => {
    const reading = store.getExecutionPiece(place, piece);
    // Where the one before is of no use, nobody waits for this one.
    reading.catch(() => {});
    return reading;
  };
  let next = read(0);
  for (let piece = 1; piece <= place.parts; piece++) {
    signal?.throwIfAborted();
    const bytes = await next;
    if (bytes === undefined) throw new Error('it was deleted meanwhile');
    if (piece < place.parts) next = read(piece);
    yield bytes;
  }
}

/** Durable when resolved. */
export function keepExecution(
  id: BlockSource['id'],
  execution: PackedExecution,
  store: Pick<ExecutionStore, 'putExecution'>,
): Promise<void> {
  const label = { format: EXECUTION_FORMAT, keysHash: toHex(execution.rootPublic.keysHash) };
  return store.putExecution(id, label, () => executionPieces(execution));
}
