import type { Block, Contract, StorageEntry, Transaction } from '../block.js';
import type { BlockPart } from '../block-part.js';
import { FIELD_BYTES, type Field } from '../field.js';

/** Bytes of a part, as `PartBatcher` counts them; a single larger contract or transaction is a part of its own. */
export const PART_BYTES_MAX = 512 * 1024;

interface Batch {
  readonly storage: StorageEntry[];
  readonly nullifiers: Field[];
  readonly contracts: Contract[];
  readonly transactions: Transaction[];
}

/** Joins small parts, and cuts large ones, into such as are best sent and stored. The content stays as it is. */
export class PartBatcher {
  readonly #bytesMax: number;
  #kind: Exclude<BlockPart['kind'], 'header'> = 'state';
  #batch: Batch = emptyBatch();
  #bytes = 0;

  constructor(bytesMax = PART_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** The parts that are full now. */
  *add(part: BlockPart): Generator<BlockPart> {
    if (part.kind === 'header') {
      yield part;
      return;
    }
    if (part.kind !== this.#kind) yield* this.end();
    this.#kind = part.kind;
    if (part.kind === 'state') {
      yield* this.#fill('storage', part.storage, () => 3 * FIELD_BYTES);
      yield* this.#fill('nullifiers', part.nullifiers, () => FIELD_BYTES);
    } else if (part.kind === 'contracts') {
      yield* this.#fill('contracts', part.contracts, ({ source }) => 3 * FIELD_BYTES + source.length);
    } else {
      yield* this.#fill('transactions', part.transactions, transactionBytes);
    }
  }

  /** What is left. */
  *end(): Generator<BlockPart> {
    if (this.#bytes === 0) return;
    const { storage, nullifiers, contracts, transactions } = this.#batch;
    // Whoever got an earlier part holds its lists.
    this.#batch = emptyBatch();
    this.#bytes = 0;
    if (this.#kind === 'state') yield { kind: 'state', storage, nullifiers };
    else if (this.#kind === 'contracts') yield { kind: 'contracts', contracts };
    else yield { kind: 'transactions', transactions };
  }

  *#fill<K extends keyof Batch>(
    name: K,
    items: readonly Batch[K][number][],
    bytesOf: (item: Batch[K][number]) => number,
  ): Generator<BlockPart> {
    for (const item of items) {
      const bytes = bytesOf(item);
      if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) yield* this.end();
      (this.#batch[name] as Batch[K][number][]).push(item);
      this.#bytes += bytes;
    }
  }
}

/** The parts that a block in memory travels in. */
export function* partsOf({ version, start, contracts, transactions }: Block): Generator<BlockPart> {
  const batcher = new PartBatcher();
  yield* batcher.add({ kind: 'header', version });
  yield* batcher.add({ kind: 'state', ...start });
  yield* batcher.add({ kind: 'contracts', contracts });
  yield* batcher.add({ kind: 'transactions', transactions });
  yield* batcher.end();
}

/** The whole of a block: for small ones. */
export async function collectBlock(parts: AsyncIterable<BlockPart> | Iterable<BlockPart>): Promise<Block> {
  const { storage, nullifiers, contracts, transactions } = emptyBatch();
  for await (const part of parts) {
    if (part.kind === 'state') {
      for (const entry of part.storage) storage.push(entry);
      for (const nullifier of part.nullifiers) nullifiers.push(nullifier);
    } else if (part.kind === 'contracts') contracts.push(...part.contracts);
    else if (part.kind === 'transactions') transactions.push(...part.transactions);
  }
  return { version: 1, start: { storage, nullifiers }, contracts, transactions };
}

function emptyBatch(): Batch {
  return { storage: [], nullifiers: [], contracts: [], transactions: [] };
}

function transactionBytes({ calls, clientProof }: Transaction): number {
  const callBytes = calls.reduce((sum, { calldata }) => sum + FIELD_BYTES * (calldata.length + 2), 0);
  return 3 * FIELD_BYTES + callBytes + clientProof.proof.length;
}
