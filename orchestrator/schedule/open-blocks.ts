import type { BlockId, JobId } from '../../proto/index.js';
import type { BlockJobs } from './block-jobs.js';

/** A job as one block sees it. Blocks that share a prefix of transactions hold the same job. */
export interface Holder {
  readonly block: BlockJobs;
  readonly job: number;
}

/** In the queue or soon to be there again. */
export function isUnderWay({ block, job }: Holder): boolean {
  return block.isQueued(job) || block.state(job) === 'backoff';
}

/** Digits of a lineage that are looked up: few, so that a key is a small integer. What they find is compared in full. */
const KEY_DIGITS = 7;

/**
 * The open blocks, and which of them hold a job. A job id ends with the lineage of the last transaction that it covers,
 * so the blocks that may hold it are found at once, however many are open.
 */
export class OpenBlocks {
  readonly #blocks = new Map<BlockId, BlockJobs>();
  readonly #families = new Map<string, Set<BlockJobs>>();
  /** By the end of the lineage of each transaction; a list only where several blocks have it. None is there twice. */
  readonly #byLineage = new Map<number, BlockJobs | BlockJobs[]>();

  get size(): number {
    return this.#blocks.size;
  }

  get(blockId: BlockId): BlockJobs | undefined {
    return this.#blocks.get(blockId);
  }

  /** In the order they were added. */
  values(): Iterable<BlockJobs> {
    return this.#blocks.values();
  }

  add(block: BlockJobs): void {
    this.#blocks.set(block.blockId, block);
    const family = this.#families.get(block.family);
    if (family === undefined) this.#families.set(block.family, new Set([block]));
    else family.add(block);
    for (let t = 0; t < block.tree.transactions; t++) {
      const key = keyOf(block.tree.lineage(t));
      const known = this.#blocksWith(key);
      // Two transactions of one block may end alike.
      if (!known.includes(block)) this.#keep(key, [...known, block]);
    }
  }

  delete(block: BlockJobs): void {
    this.#blocks.delete(block.blockId);
    const family = this.#families.get(block.family);
    family?.delete(block);
    if (family?.size === 0) this.#families.delete(block.family);
    for (let t = 0; t < block.tree.transactions; t++) {
      const key = keyOf(block.tree.lineage(t));
      this.#keep(
        key,
        this.#blocksWith(key).filter((other) => other !== block),
      );
    }
  }

  /** The open blocks that have this job. */
  holders(jobId: JobId): Holder[] {
    return holdersAmong(this.#blocksWith(keyOf(jobId)), jobId);
  }

  /** The same job in other open blocks than this one, which has it or had it. */
  twins(block: BlockJobs, jobId: JobId): readonly Holder[] {
    const relatives = this.relatives(block);
    return relatives.length === 0 ? NONE : holdersAmong(relatives, jobId);
  }

  /** Other open blocks that may share jobs with this one, whether it is still open or not. */
  relatives(block: BlockJobs): readonly BlockJobs[] {
    const family = this.#families.get(block.family);
    if (family === undefined || (family.size === 1 && family.has(block))) return NONE;
    return [...family].filter((other) => other !== block);
  }

  #blocksWith(key: number): readonly BlockJobs[] {
    const known = this.#byLineage.get(key);
    if (known === undefined) return NONE;
    return Array.isArray(known) ? known : [known];
  }

  #keep(key: number, blocks: BlockJobs[]): void {
    const [first] = blocks;
    if (first === undefined) this.#byLineage.delete(key);
    else this.#byLineage.set(key, blocks.length === 1 ? first : blocks);
  }
}

const NONE: readonly never[] = [];

function holdersAmong(blocks: readonly BlockJobs[], jobId: JobId): Holder[] {
  const holders: Holder[] = [];
  for (const block of blocks) {
    const job = block.tree.indexOf(jobId);
    if (job >= 0) holders.push({ block, job });
  }
  return holders;
}

/** Of a lineage, or of anything that ends with one; NaN for other text, which is no key of the index. */
function keyOf(text: string): number {
  return Number.parseInt(text.slice(-KEY_DIGITS), 16);
}
