import { z } from 'zod';
import { EspalierError } from '../common/index.js';
import { type BlockId, type BlockResult, LIMITS, type ProofSummary, proofSummarySchema } from '../proto/index.js';
import type { BlobStore } from './blob-store.js';
import { blockResultSchema } from './block-result.js';
import { PartedBlobs } from './parted-blobs.js';
import { findFault } from './reason-of.js';

/** Characters of a piece of a block's text: at most three bytes each. */
const PIECE_CHARS = 2 * 1024 * 1024;
/** Credits of a piece, of some 600 bytes each and 3 kB at most. */
const PIECE_CREDITS = 2_000;

const nothing = z.null();
const creditsSchema = z.array(proofSummarySchema);

/**
 * Blocks as they were submitted (`blocks/<block>/…`), and how they ended, with what is to be credited to whom
 * (`results/<block>/…`), in any `BlobStore`. Each is in parts, so a text of hundreds of megabytes takes about twice its
 * own memory to read and little to write; each is there only when it was written to its end, and may be written again.
 * What is damaged rejects with `store-corrupt`; what is refused on the way out is refused on the way in (`internal`).
 */
export class BlockStore {
  readonly #blocks: PartedBlobs<null, string>;
  readonly #results: PartedBlobs<BlockResult, readonly ProofSummary[]>;

  constructor(blobs: BlobStore) {
    this.#blocks = new PartedBlobs(blobs, {
      folder: 'blocks/',
      what: 'block',
      remedy: 'submit it again',
      parseValue: (value) => nothing.parse(value),
      decodePiece: (bytes) => bytes.toString('utf8'),
    });
    this.#results = new PartedBlobs(blobs, {
      folder: 'results/',
      what: 'result of block',
      remedy: 'submit the block again, or forget it: its proofs are as they were',
      parseValue: (value) => blockResultSchema.parse(value),
      decodePiece: (bytes) => creditsSchema.parse(JSON.parse(bytes.toString('utf8'))),
    });
  }

  /** The text of the block's file, at most `LIMITS.blockFileBytesMax`. Durable when resolved. */
  async putBlock(blockId: BlockId, text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (bytes > LIMITS.blockFileBytesMax) {
      const most = `more than the ${LIMITS.blockFileBytesMax} of a block`;
      throw new EspalierError('internal', `the text of block ${blockId} has ${bytes} bytes, ${most}`);
    }
    await this.#blocks.put(blockId, null, () => piecesOf(text));
  }

  /** undefined when there is none. */
  async getBlock(blockId: BlockId): Promise<string | undefined> {
    return (await this.#blocks.get(blockId))?.pieces.join('');
  }

  /** Whether there is one, sound or not: only `getBlock` tells. */
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

  /** With its credits. */
  deleteResult(blockId: BlockId): Promise<void> {
    return this.#results.delete(blockId);
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

/** Never cuts between the two halves of a character. */
function* piecesOf(text: string): Iterable<Uint8Array> {
  for (let from = 0; from < text.length; ) {
    let to = Math.min(text.length, from + PIECE_CHARS);
    if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to--;
    yield Buffer.from(text.slice(from, to));
    from = to;
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function* piecesOfCredits(credits: readonly ProofSummary[]): Iterable<Uint8Array> {
  for (let from = 0; from < credits.length; from += PIECE_CREDITS) {
    yield Buffer.from(JSON.stringify(credits.slice(from, from + PIECE_CREDITS)));
  }
}
