import { EspalierError } from '../common/index.js';
import type { BlockId } from '../proto/index.js';
import type { BlobStore } from './blob-store.js';

/** A block whose proofs are kept until it is forgotten. */
export interface KeptBlock {
  readonly blockId: BlockId;
  /** With its outline it gives the ids of its jobs (`planTree`). */
  readonly lineageSeed: string;
}

const HASH = /^[0-9a-f]{64}$/;

/**
 * Which blocks of a family (those that can share a job) keep their proofs: `kept/<family>/<block>` holds the lineage seed.
 * So whoever deletes proofs of one of them knows whose else they are, open or ended.
 */
export class KeptBlocks {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Durable when resolved. */
  async put(family: string, { blockId, lineageSeed }: KeptBlock): Promise<void> {
    if (!HASH.test(lineageSeed)) throw new EspalierError('internal', `lineage seed ${lineageSeed} is no hash`);
    await this.#blobs.put(keyOf(family, blockId), Buffer.from(lineageSeed));
  }

  async list(family: string): Promise<readonly KeptBlock[]> {
    const kept: KeptBlock[] = [];
    for await (const key of this.#blobs.list(`kept/${family}/`)) {
      const lineageSeed = Buffer.from((await this.#blobs.get(key)) ?? []).toString('utf8');
      // Damaged, or forgotten in this moment: it says nothing of any proof.
      if (HASH.test(lineageSeed)) kept.push({ blockId: key.slice(key.lastIndexOf('/') + 1), lineageSeed });
    }
    return kept;
  }

  delete(family: string, blockId: BlockId): Promise<void> {
    return this.#blobs.delete(keyOf(family, blockId));
  }
}

function keyOf(family: string, blockId: BlockId): string {
  return `kept/${family}/${blockId}`;
}
