import { EspalierError } from '../../common/index.js';
import type { BlockId, BlockResult } from '../../proto/index.js';
import type { ApiBackend } from './api-backend.js';

/** How long what was read of a result is taken for true: one changes only when its block is submitted again. */
const FRESH_MS = 30_000;
/** Results read at once. */
const PARALLEL = 16;
/** Results that are known at most; of more, those with the last ids are left out. */
const KNOWN_MAX = 100_000;

type Known = Map<BlockId, { readonly result: BlockResult | undefined; readonly readMs: number }>;

/**
 * The blocks that have ended, the latest first. The store knows them by id only, so what there is of each is read once and
 * kept for a while, and however many ask, one reads.
 */
export class EndedBlocks {
  readonly #blocks: Pick<ApiBackend['blocks'], 'listResultIds' | 'getResult'>;
  readonly #clock: Pick<ApiBackend['clock'], 'monotonicMs'>;
  #known: Known = new Map();
  #reading: Promise<readonly BlockResult[]> | undefined;
  /** Of those who asked since that one began. */
  #next: Promise<readonly BlockResult[]> | undefined;

  constructor({ blocks, clock }: Pick<ApiBackend, 'blocks' | 'clock'>) {
    this.#blocks = blocks;
    this.#clock = clock;
  }

  /** As of now, without those that are damaged: one must not hide the others. `open`: blocks on the board. */
  latest(open: Iterable<BlockId>): Promise<readonly BlockResult[]> {
    // What is known of these may be of an earlier submission.
    for (const blockId of open) this.#known.delete(blockId);
    if (this.#reading === undefined) return this.#begin();
    this.#next ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  #begin(): Promise<readonly BlockResult[]> {
    const reading = this.#read(this.#clock.monotonicMs()).finally(() => {
      this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  async #read(nowMs: number): Promise<readonly BlockResult[]> {
    const known: Known = new Map();
    let batch: BlockId[] = [];
    const readBatch = async () => {
      const found = await Promise.all(batch.map(async (id) => [id, await this.#result(id)] as const));
      for (const [id, result] of found) known.set(id, { result, readMs: nowMs });
      batch = [];
    };
    for await (const id of this.#blocks.listResultIds()) {
      if (known.size + batch.length >= KNOWN_MAX) break;
      const before = this.#known.get(id);
      if (before !== undefined && nowMs - before.readMs < FRESH_MS) known.set(id, before);
      else if (batch.push(id) === PARALLEL) await readBatch();
    }
    await readBatch();
    this.#known = known;
    const results = [...known.values()].flatMap(({ result }) => (result === undefined ? [] : [result]));
    return results.sort((a, b) => b.endedAtMs - a.endedAtMs || (a.blockId < b.blockId ? -1 : 1));
  }

  async #result(id: BlockId): Promise<BlockResult | undefined> {
    try {
      return await this.#blocks.getResult(id);
    } catch (thrown) {
      if (EspalierError.from(thrown).code !== 'store-corrupt') throw thrown;
      return undefined;
    }
  }
}
