import { z } from 'zod';
import { EspalierError } from '../common/index.js';
import {
  type BlockId,
  type BlockOutline,
  type BlockPart,
  type BlockResult,
  decodePart,
  type FieldHex,
  outlineId,
  type ProofSummary,
  parseField,
  proofSummarySchema,
} from '../proto/index.js';
import type { BlobStore } from './blob-store.js';
import { blockResultSchema } from './block-result.js';
import { type KeptBlock, KeptBlocks } from './kept-blocks.js';
import { PartedBlobs, type PartedIndex, type Pieces } from './parted-blobs.js';
import { findFault } from './reason-of.js';
import { decodeOutline, encodeOutline, type StoredOutline } from './stored-outline.js';

/** Credits of a piece, of some 600 bytes each and 3 kB at most. */
const PIECE_CREDITS = 2_000;

const creditsSchema = z.array(proofSummarySchema);

/** A block on its way into the store. */
export interface BlockPieces {
  readonly outline: BlockOutline;
  /** For each piece, how many transactions are in the pieces before it. */
  readonly starts: readonly number[];
  /** Parts as `encodePart` makes them. Called twice, and yields the same both times. */
  pieces(): Pieces;
}

/** What a kept execution says of itself: whoever finds another format, or other keys, makes no use of it. */
export interface ExecutionLabel {
  readonly format: number;
  /** The hash of the set of keys that it is for. */
  readonly keysHash: FieldHex;
}

const executionLabelSchema = z.strictObject({
  format: z.int(),
  keysHash: z.custom<FieldHex>((value) => typeof value === 'string' && parseField(value) !== undefined),
});

/** What a stored block is planned from, and where its pieces are (`StoredBlock` reads them). */
export type BlockPlace = PartedIndex<StoredOutline>;

/**
 * Blocks as they were submitted (`blocks/<block>/…`), what executing them came to (`executions/<block>/…`), and how they
 * ended, with what is to be credited to whom (`results/<block>/…`), in any `BlobStore`. Each is in pieces, so a block of a gigabyte is neither written nor read whole;
 * each is there only when it was written to its end, and may be written again. A block's id is that of its outline, which
 * is read without its pieces. What is damaged rejects with `store-corrupt`; what is refused on the way out is refused on
 * the way in (`internal`).
 */
export class BlockStore {
  readonly #blocks: PartedBlobs<StoredOutline, BlockPart>;
  readonly #results: PartedBlobs<BlockResult, readonly ProofSummary[]>;
  readonly #executions: PartedBlobs<ExecutionLabel, Buffer>;
  readonly #kept: KeptBlocks;

  constructor(blobs: BlobStore) {
    this.#kept = new KeptBlocks(blobs);
    this.#blocks = new PartedBlobs(blobs, {
      folder: 'blocks/',
      what: 'block',
      remedy: 'submit it again',
      parseValue: decodeOutline,
      encodeValue: encodeOutline,
      decodePiece: decodePart,
      // Nearly all of it is proofs.
      compress: false,
    });
    this.#executions = new PartedBlobs(blobs, {
      folder: 'executions/',
      what: 'execution of block',
      remedy: 'nothing is lost: the block is executed again',
      parseValue: (value) => executionLabelSchema.parse(value),
      encodeValue: (value) => value,
      decodePiece: (bytes) => bytes,
      // Nearly all of it is hashes.
      compress: false,
    });
    this.#results = new PartedBlobs(blobs, {
      folder: 'results/',
      what: 'result of block',
      remedy: 'submit the block again, or forget it: its proofs are as they were',
      parseValue: (value) => blockResultSchema.parse(value),
      encodeValue: (value) => value,
      decodePiece: (bytes) => creditsSchema.parse(JSON.parse(bytes.toString('utf8'))),
    });
  }

  /** Durable when resolved. */
  async putBlock({ outline, starts, pieces }: BlockPieces): Promise<void> {
    const blockId = outlineId(outline);
    const value = { ...outline, starts };
    const wrong = findFault(() => decodeOutline(encodeOutline(value), blockId));
    if (wrong !== undefined) throw new EspalierError('internal', `block ${blockId} is unfit to be stored: ${wrong}`);
    await this.#blocks.put(blockId, value, pieces);
  }

  /** What a block's tree is planned from, without its content. undefined when there is none. */
  async getOutline(blockId: BlockId): Promise<BlockOutline | undefined> {
    return this.#blocks.getValue(blockId);
  }

  /** undefined when there is none. */
  findBlock(blockId: BlockId): Promise<BlockPlace | undefined> {
    return this.#blocks.getIndex(blockId);
  }

  /** One piece of a block; undefined where somebody deleted the block meanwhile. */
  getPiece(place: BlockPlace, piece: number): Promise<BlockPart | undefined> {
    return this.#blocks.getPiece(place, piece);
  }

  /** Whether there is one, sound or not: only reading it tells. */
  hasBlock(blockId: BlockId): Promise<boolean> {
    return this.#blocks.has(blockId);
  }

  deleteBlock(blockId: BlockId): Promise<void> {
    return this.#blocks.delete(blockId);
  }

  /** Ids of all stored blocks, sound or not, sorted. */
  listBlocks(): AsyncIterable<BlockId> {
    return this.#blocks.list();
  }

  /**
   * Keeps what executing a block came to, in place of what there was. `pieces` is called twice, and yields the same both
   * times. Durable when resolved.
   */
  async putExecution(blockId: BlockId, label: ExecutionLabel, pieces: () => Pieces): Promise<void> {
    // It may be of other keys, and as large: nobody would ask for it again.
    await this.#executions.delete(blockId);
    await this.#executions.put(blockId, label, pieces);
  }

  /** undefined when there is none. */
  findExecution(blockId: BlockId): Promise<PartedIndex<ExecutionLabel> | undefined> {
    return this.#executions.getIndex(blockId);
  }

  /** One piece of an execution; undefined where somebody deleted it meanwhile. */
  getExecutionPiece(place: PartedIndex<ExecutionLabel>, piece: number): Promise<Buffer | undefined> {
    return this.#executions.getPiece(place, piece);
  }

  deleteExecution(blockId: BlockId): Promise<void> {
    return this.#executions.delete(blockId);
  }

  /** Notes that the proofs of a block are to be kept, also those that it shares with others of its family. */
  putKept(family: string, kept: KeptBlock): Promise<void> {
    return this.#kept.put(family, kept);
  }

  /** The blocks of a family whose proofs are kept. */
  listKept(family: string): Promise<readonly KeptBlock[]> {
    return this.#kept.list(family);
  }

  deleteKept(family: string, blockId: BlockId): Promise<void> {
    return this.#kept.delete(family, blockId);
  }

  /** How a block ended, and the summaries of the proofs that were made for it. Durable when resolved. */
  async putResult(result: BlockResult, credits: readonly ProofSummary[]): Promise<void> {
    const wrong = findFault(() => [blockResultSchema.parse(result), creditsSchema.parse(credits)]);
    if (wrong !== undefined) {
      throw new EspalierError('internal', `the result of block ${result.blockId} is unfit: ${wrong}`);
    }
    await this.#results.put(result.blockId, result, () => piecesOfCredits(credits));
  }

  /** undefined when there is none. */
  async getResult(blockId: BlockId): Promise<BlockResult | undefined> {
    return this.#results.getValue(blockId);
  }

  /** None when there is no result. */
  async getCredits(blockId: BlockId): Promise<readonly ProofSummary[]> {
    return (await this.#results.get(blockId))?.pieces.flat() ?? [];
  }

  /** The same, some thousands at a time. Rejects with `block-unknown` where somebody deletes them meanwhile. */
  async *creditPieces(blockId: BlockId): AsyncGenerator<readonly ProofSummary[]> {
    const index = await this.#results.getIndex(blockId);
    for (let part = 0; part < (index?.parts ?? 0); part++) {
      const piece = index === undefined ? undefined : await this.#results.getPiece(index, part);
      if (piece === undefined) throw new EspalierError('block-unknown', `block ${blockId} was forgotten meanwhile`);
      yield piece;
    }
  }

  /** With its credits. */
  deleteResult(blockId: BlockId): Promise<void> {
    return this.#results.delete(blockId);
  }

  /** Ids of all blocks that have a result, sound or not, sorted. */
  listResultIds(): AsyncIterable<BlockId> {
    return this.#results.list();
  }

  /** All results, by block id. Passes over damaged ones, which `getResult` tells of: one must not hide the others. */
  async *listResults(): AsyncIterable<BlockResult> {
    for await (const blockId of this.#results.list()) {
      try {
        const result = await this.getResult(blockId);
        if (result !== undefined) yield result;
      } catch (error) {
        if (!(error instanceof EspalierError) || error.code !== 'store-corrupt') throw error;
      }
    }
  }
}

function* piecesOfCredits(credits: readonly ProofSummary[]): Iterable<Uint8Array> {
  for (let from = 0; from < credits.length; from += PIECE_CREDITS) {
    yield Buffer.from(JSON.stringify(credits.slice(from, from + PIECE_CREDITS)));
  }
}
