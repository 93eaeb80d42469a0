import { EspalierError } from '../common/index.js';
import { type BlockId, type BlockPart, type BlockSource, type Transaction, transactionId } from '../proto/index.js';
import type { BlockPlace, BlockStore } from './block-store.js';

/** Pieces of a block that are kept decoded, of half a megabyte each. */
const PIECES_KEPT = 6;

type Pieces = Pick<BlockStore, 'findBlock' | 'getPiece'>;

/** A block in a store. Its pieces are read when they are asked for; the last few are kept. */
export class StoredBlock implements BlockSource {
  readonly #place: BlockPlace;
  readonly #blocks: Pick<Pieces, 'getPiece'>;
  /** The oldest first. */
  readonly #kept = new Map<number, Promise<BlockPart>>();

  private constructor(place: BlockPlace, blocks: Pick<Pieces, 'getPiece'>) {
    this.#place = place;
    this.#blocks = blocks;
  }

  /** undefined where there is none. Rejects with `store-corrupt` for one that cannot be used. */
  static async open(blocks: Pieces, blockId: BlockId): Promise<StoredBlock | undefined> {
    const place = await blocks.findBlock(blockId);
    return place === undefined ? undefined : new StoredBlock(place, blocks);
  }

  get id(): BlockId {
    return this.#place.id;
  }

  get outline() {
    return this.#place.value;
  }

  async *parts(): AsyncGenerator<BlockPart> {
    let next = this.#read(0);
    for (let piece = 1; piece <= this.#place.parts; piece += 1) {
      const part = await next;
      // The next one is read while this one is worked on.
      if (piece < this.#place.parts) next = this.#read(piece);
      next.catch(() => {});
      yield part;
    }
  }

  /** Rejects with `store-corrupt` where what is stored is not the block's transaction. */
  async transaction(index: number): Promise<Transaction> {
    const { starts, transactionIds } = this.outline;
    const id = transactionIds[index];
    if (id === undefined) throw new RangeError(`block ${this.id} has no transaction ${index}`);
    const piece = starts.findLastIndex((start) => start <= index);
    const part = await this.#piece(piece);
    const transaction = part.kind === 'transactions' ? part.transactions[index - (starts[piece] ?? 0)] : undefined;
    if (transaction !== undefined && transactionId(transaction) === id) return transaction;
    throw new EspalierError('store-corrupt', `the stored block ${this.id} cannot be used: tx ${index} is another`, {
      remedy: 'submit it again',
    });
  }

  #piece(piece: number): Promise<BlockPart> {
    const known = this.#kept.get(piece);
    const part = known ?? this.#read(piece);
    this.#kept.delete(piece);
    this.#kept.set(piece, part);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > PIECES_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    if (known === undefined) part.catch(() => this.#kept.delete(piece));
    return part;
  }

  async #read(piece: number): Promise<BlockPart> {
    const part = await this.#blocks.getPiece(this.#place, piece);
    if (part !== undefined) return part;
    throw new EspalierError('store-corrupt', `block ${this.id} is not in the store any more`, {
      remedy: 'submit it again',
    });
  }
}
