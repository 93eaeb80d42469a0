import type {
  BlockId,
  BlockPart,
  BlockState,
  BlockView,
  Capacity,
  JobId,
  ProofRecord,
  ProofSummary,
  WorkerInfo,
} from '../proto/index.js';
import type { ProofItem, ProofsOptions } from './stream-proofs.js';
import type { BlockSource, Replaced, SubmitOptions, Submitted } from './submit-block.js';
import type { WatchOptions, WatchUpdate } from './watch-block.js';

export interface CallOptions {
  /** Aborts the call, which then rejects with `cancelled`. */
  readonly signal?: AbortSignal;
}

export interface ListBlocksOptions extends CallOptions {
  /** Only blocks in these states. Left out: all. */
  readonly states?: readonly BlockState[];
  /** Blocks that are asked for at once: 1 to 1,000; 100 by default. */
  readonly pageSize?: number;
}

/**
 * The API of an Espalier cluster. Any orchestrator of a cluster answers for all its blocks. A block may be named by the
 * first six or more digits of its id. Every method rejects with an `EspalierError`, whose `code` is one of
 * docs/errors.md; `server-unavailable` where the server cannot be reached.
 */
export interface Client {
  /**
   * Gives a block to be proven. Harmless to repeat: a block that is open or proven stays as it is, and one that failed or
   * was cancelled goes on from its finished proofs. Parts are read as the server takes them, so a block of any size takes
   * a few megabytes here; with a function that makes them anew, a broken connection is got over.
   *
   * @example
   * const { blockId } = await client.submit(() => readBlockParts('block.json'), { windowMs: 480_000 });
   */
  submit(block: BlockSource, options?: SubmitOptions): Promise<Submitted>;

  /**
   * Puts a block in the place of another (a reorg). Proofs of the transactions that both begin with are not made again.
   *
   * @example
   * await client.replace(oldBlockId, newBlock);
   */
  replace(replaced: BlockId, block: BlockSource, options?: SubmitOptions): Promise<Replaced>;

  /** One block, open or ended. Rejects with `block-unknown`. */
  block(blockId: BlockId, options?: CallOptions): Promise<BlockView>;

  /**
   * The open blocks, the oldest first, then those that ended, the latest first; without levels and forecasts. Asked for
   * page by page, as they are read.
   *
   * @example
   * for await (const block of client.blocks({ states: ['proving'] })) console.log(block.blockId, block.done, block.jobs);
   */
  blocks(options?: ListBlocksOptions): AsyncIterable<BlockView>;

  /**
   * Follows a block until it has ended: a snapshot, then everything that happens, without a gap or a repeat, also over
   * broken connections and restarted servers. Each update holds the event and the block after it.
   *
   * @example
   * for await (const { event, block } of client.watch(blockId)) {
   *   if (event.kind === 'forecast') console.log('root at', block.forecast?.rootAtMs, 'late:', block.forecast?.late);
   *   if (event.kind === 'ended') console.log('ended as', block.state);
   * }
   */
  watch(blockId: BlockId, options?: WatchOptions): AsyncIterable<WatchUpdate>;

  /**
   * The finished proofs of a block as they rise, until it has ended; each job's once, also over broken connections and
   * restarted servers. Read at the pace of the loop: a slow reader holds nothing up and misses nothing but proofs that are
   * deleted meanwhile (`replaced`).
   *
   * @example
   * for await (const item of client.proofs(blockId, { everyLevel: true })) {
   *   if (item.kind === 'proof') await save(item.proof);
   * }
   */
  proofs(blockId: BlockId, options?: ProofsOptions): AsyncIterable<ProofItem>;

  /** The proof of a job. */
  proof(jobId: JobId, options?: CallOptions): Promise<ProofRecord>;

  /** The root proof of a block that is proven. */
  root(blockId: BlockId, options?: CallOptions): Promise<ProofRecord>;

  /** A block's content, in parts. */
  download(blockId: BlockId, options?: CallOptions): AsyncIterable<BlockPart>;

  /** Who proved what of a block, with their signatures (`verifySignature`). */
  credits(blockId: BlockId, options?: CallOptions): AsyncIterable<ProofSummary>;

  /** Asks for a block to be stopped. `wasOpen`: false where it had ended, and stays as it is. */
  cancel(blockId: BlockId, options?: CallOptions): Promise<{ readonly blockId: BlockId; readonly wasOpen: boolean }>;

  /** Deletes what is left of a block that has ended. */
  forget(blockId: BlockId, options?: CallOptions): Promise<{ readonly blockId: BlockId }>;

  /** The living workers, by id. */
  workers(options?: CallOptions): Promise<readonly WorkerInfo[]>;

  /** Tells a worker to take no more jobs, finish those it has, and end. `worker`: its id, or the one beginning of it. */
  drain(worker: string, options?: CallOptions & { readonly reason?: string }): Promise<{ readonly workerId: string }>;

  /** What is asked of each class of worker, and how much time each open block has left. */
  capacity(options?: CallOptions): Promise<Capacity>;

  /** Ends the connection, and with `cancelled` whatever is under way. */
  close(): void;
}
