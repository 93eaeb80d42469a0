import type { BlockId } from '../../proto/index.js';
import type { BlockStore } from '../../store/index.js';
import { type ProofTree, planBlock } from '../plan/index.js';

/** Trees that are kept: of 61,440 transactions each takes some 10 MB, and every stream of a block's proofs has one. */
const KEPT_MAX = 4;

/** The trees of blocks, planned from what the store knows of them; the last few are kept. */
export class PlannedTrees {
  readonly #blocks: Pick<BlockStore, 'getOutline'>;
  /** By block and seed, the oldest first. */
  readonly #kept = new Map<string, Promise<ProofTree | undefined>>();

  constructor(blocks: Pick<BlockStore, 'getOutline'>) {
    this.#blocks = blocks;
  }

  /** undefined where the store does not have the block. */
  of(blockId: BlockId, lineageSeed: string): Promise<ProofTree | undefined> {
    const key = `${blockId} ${lineageSeed}`;
    const planned = this.#kept.get(key) ?? this.#plan(blockId, lineageSeed);
    this.#kept.delete(key);
    this.#kept.set(key, planned);
    planned.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > KEPT_MAX) this.#kept.delete(oldest);
    return planned;
  }

  async #plan(blockId: BlockId, lineageSeed: string): Promise<ProofTree | undefined> {
    const outline = await this.#blocks.getOutline(blockId);
    return outline === undefined ? undefined : planBlock({ lineageSeed, ...outline });
  }
}
