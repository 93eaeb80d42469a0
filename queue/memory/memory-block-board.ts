import { type Clock, EspalierError, systemClock } from '../../common/index.js';
import type { BlockId, BlockStatus, JobId, ProofSummary, SrsName } from '../../proto/index.js';
import {
  type BlockBoard,
  type BlockClaim,
  type BlockOwner,
  OPEN_MAX,
  type SubmitOutcome,
  type SubmittedBlock,
} from '../board/block-board.js';
import { MemoryBlockEvents } from '../events/memory-block-events.js';
import { boardFull, ownerLost } from '../queue-errors.js';
import type { DurableRecords } from './durable-records.js';
import { LocalFeed } from './local-feed.js';
import { MemoryBlockOwner } from './memory-block-owner.js';
import { BOARD_FOLDER, deleteLeftovers, OpenBlock } from './open-block.js';

export interface MemoryBlockBoardOptions {
  /** Of this board alone: whoever opens it makes sure that no other process has it. */
  readonly records: DurableRecords;
  /** Where owners tell of blocks. Default: one of its own. */
  readonly events?: MemoryBlockEvents;
  readonly clock?: Clock;
  /** Hears of what cannot be read. */
  readonly onTrouble?: (message: string) => void;
}

/** Changes that come together are told once. */
const CHANGE_INTERVAL_MS = 20;

/**
 * The board of one process. Open blocks, whether they are to be stopped, whether their client proofs are verified, their
 * credits and their histories are durable in `records`, and there again for the next process; owners and progress are
 * not. A block is *queued* then, as if its owner had died.
 *
 * What is owned and by whom is as in `RedisBlockOwner`, except that here nobody dies.
 */
export class MemoryBlockBoard implements BlockBoard {
  readonly events: MemoryBlockEvents;
  readonly #records: DurableRecords;
  readonly #onTrouble: (message: string) => void;
  /** Durable, all of them. */
  readonly #blocks = new Map<BlockId, OpenBlock>();
  readonly #submitting = new Map<BlockId, Promise<void>>();
  readonly #feeds = new Set<LocalFeed>();
  #lastAge = 0;
  #lastToken: number;

  /** Takes up what an earlier process left. Rejects with `store-unavailable` where that cannot be read. */
  static async open(options: MemoryBlockBoardOptions): Promise<MemoryBlockBoard> {
    const board = new MemoryBlockBoard(options);
    await board.#load();
    return board;
  }

  private constructor({ records, events, clock = systemClock, onTrouble = () => {} }: MemoryBlockBoardOptions) {
    this.#records = records;
    this.events = events ?? new MemoryBlockEvents();
    this.#onTrouble = onTrouble;
    // Larger than any of an earlier process, which had fewer claims than milliseconds.
    this.#lastToken = clock.nowMs();
  }

  /** The board as one orchestrator of this process sees it. `srs`: it claims blocks of no other. Left out: any. */
  owner(ownerId: string, srs?: SrsName): BlockOwner {
    const feed = new LocalFeed(CHANGE_INTERVAL_MS);
    this.#feeds.add(feed);
    const leave = () => {
      this.#feeds.delete(feed);
      this.#release(ownerId);
    };
    return new MemoryBlockOwner({
      ownerId,
      feed,
      events: this.events,
      claim: (max) => this.#claim(ownerId, max, srs),
      cancelled: () => this.#all().filter((block) => block.cancel && block.owner?.ownerId === ownerId),
      held: (claim) => this.#held(ownerId, claim),
      isOpen: (blockId) => this.#blocks.has(blockId),
      end: (block) => this.#end(block),
      leave,
    });
  }

  /** Rejects with `queue-full` when too many blocks are open, and with `store-unavailable` when it cannot be durable. */
  async submit(submitted: SubmittedBlock): Promise<SubmitOutcome> {
    const { blockId } = submitted;
    for (;;) {
      const open = this.#blocks.get(blockId);
      if (open !== undefined) return open.cancel ? 'cancelling' : 'open';
      const other = this.#submitting.get(blockId);
      if (other === undefined) break;
      // If it cannot be durable, whoever submitted it first is told so, and this one tries for itself.
      await other.catch(() => {});
    }
    if (this.#blocks.size + this.#submitting.size >= OPEN_MAX) throw boardFull(blockId);
    const putting = this.#putUp(submitted).finally(() => this.#submitting.delete(blockId));
    this.#submitting.set(blockId, putting);
    await putting;
    return 'submitted';
  }

  async cancel(blockId: BlockId): Promise<boolean> {
    const block = this.#blocks.get(blockId);
    if (block === undefined) return false;
    block.cancel = true;
    await block.save();
    this.#changed();
    return true;
  }

  async find(blockId: BlockId): Promise<BlockStatus | undefined> {
    const block = this.#blocks.get(blockId);
    return block === undefined ? undefined : statusOf(block);
  }

  async list(): Promise<readonly BlockStatus[]> {
    return this.#all().map(statusOf);
  }

  async credits(blockId: BlockId): Promise<readonly ProofSummary[]> {
    const credits = await this.#blocks.get(blockId)?.credits.read();
    return credits === undefined ? [] : [...credits.values()];
  }

  async credited(blockId: BlockId): Promise<ReadonlySet<JobId>> {
    return (await this.#blocks.get(blockId)?.credits.jobs()) ?? new Set();
  }

  async #putUp(submitted: SubmittedBlock): Promise<void> {
    const { blockId } = submitted;
    const block = new OpenBlock({ ...submitted }, ++this.#lastAge, this.#records, this.#onTrouble);
    try {
      await block.save();
    } catch (thrown) {
      await block.delete().catch(() => {});
      throw thrown;
    }
    const cursor = this.events.endOf(blockId);
    if (cursor !== undefined) block.progress = { ...block.progress, cursor };
    this.events.reopen(blockId);
    this.#blocks.set(blockId, block);
    this.#changed();
  }

  async #load(): Promise<void> {
    const ids = new Set<BlockId>();
    for await (const key of this.#records.list(BOARD_FOLDER)) ids.add(key.split('/')[1] ?? '');
    for (const blockId of ids) {
      try {
        const block = await OpenBlock.load(blockId, this.#records, this.#onTrouble);
        if (block === undefined) await deleteLeftovers(blockId, this.#records);
        else this.#take(block);
      } catch (thrown) {
        const error = EspalierError.from(thrown);
        if (error.code !== 'store-corrupt') throw thrown;
        this.#onTrouble(error.message);
      }
    }
  }

  #take(block: OpenBlock): void {
    this.#blocks.set(block.blockId, block);
    this.#lastAge = Math.max(this.#lastAge, block.age);
    this.#lastToken = Math.max(this.#lastToken, block.token);
  }

  /** The oldest first. */
  #all(): readonly OpenBlock[] {
    return [...this.#blocks.values()].sort((a, b) => a.age - b.age);
  }

  /** See `BlockOwner.claim`, and the script `CLAIM`. */
  #claim(me: string, max: number, srs: SrsName | undefined): readonly OpenBlock[] {
    const all = this.#all();
    const ownerOf = new Map<string, string>();
    let count = 0;
    for (const { owner, submitted } of all) {
      if (owner === undefined) continue;
      ownerOf.set(submitted.family, owner.ownerId);
      if (owner.ownerId === me) count += 1;
    }
    const unclaimed = all.filter(({ owner }) => owner === undefined);
    const isDue = ({ cancel, submitted: { family } }: OpenBlock) =>
      ownerOf.get(family) === me || (cancel && !ownerOf.has(family));
    const due = unclaimed.filter(isDue);
    const free = unclaimed.filter(
      (block) => !ownerOf.has(block.submitted.family) && !block.cancel && isOf(srs, block.submitted),
    );
    const room = Math.max(0, max - count - due.length);
    const claimed = [...due, ...free.slice(0, room)];
    for (const block of claimed) {
      this.#lastToken += 1;
      block.token = this.#lastToken;
      block.owner = { ownerId: me, token: block.token };
    }
    return claimed;
  }

  #held(ownerId: string, claim: BlockClaim): OpenBlock {
    const block = this.#blocks.get(claim.blockId);
    if (block?.owner?.ownerId === ownerId && block.owner.token === claim.token) return block;
    throw ownerLost(ownerId, claim);
  }

  async #end(block: OpenBlock): Promise<void> {
    await block.delete();
    if (this.#blocks.get(block.blockId) === block) this.#blocks.delete(block.blockId);
    this.events.end(block.blockId);
    this.#changed();
  }

  #release(ownerId: string): void {
    for (const block of this.#blocks.values()) if (block.owner?.ownerId === ownerId) block.owner = undefined;
    this.#changed();
  }

  #changed(): void {
    for (const feed of this.#feeds) feed.tell();
  }
}

function isOf(srs: SrsName | undefined, block: SubmittedBlock): boolean {
  return srs === undefined || block.srs === undefined || block.srs === srs;
}

function statusOf({ submitted, cancel, owner, progress }: OpenBlock): BlockStatus {
  const { blockId, transactions, calls, submittedAtMs, deadlineAtMs, keepProofs } = submitted;
  const whileOwned = owner === undefined ? 'queued' : progress.state;
  return {
    blockId,
    state: cancel ? 'cancelling' : whileOwned,
    transactions,
    calls,
    submittedAtMs,
    owner: owner?.ownerId ?? null,
    jobs: progress.jobs,
    done: progress.done,
    running: progress.running,
    levels: progress.levels ?? [],
    forecast: progress.forecast ?? null,
    deadlineAtMs: deadlineAtMs ?? null,
    keepProofs: keepProofs ?? false,
    lineageSeed: progress.lineageSeed ?? null,
    cursor: progress.cursor ?? null,
    work: progress.work ?? null,
  };
}
