import type { BlockId, EventChunk, JobHistoryRecord, JobId, ProofSummary } from '../../proto/index.js';
import type { BlockClaim, BlockOwner, BlockProgress } from '../board/block-board.js';
import { piecesOf } from '../events/event-records.js';
import type { MemoryBlockEvents } from '../events/memory-block-events.js';
import type { LocalFeed } from './local-feed.js';
import type { OpenBlock } from './open-block.js';

/** What an owner asks of the board. */
export interface OwnerPorts {
  readonly ownerId: string;
  readonly feed: LocalFeed;
  readonly events: MemoryBlockEvents;
  claim(max: number): readonly OpenBlock[];
  cancelled(): readonly OpenBlock[];
  /** Throws `lease-lost` unless the claim holds. */
  held(claim: BlockClaim): OpenBlock;
  isOpen(blockId: BlockId): boolean;
  end(block: OpenBlock): Promise<void>;
  leave(): void;
}

/** See `MemoryBlockBoard`. */
export class MemoryBlockOwner implements BlockOwner {
  readonly #ports: OwnerPorts;
  #isClosed = false;

  constructor(ports: OwnerPorts) {
    this.#ports = ports;
  }

  async claim(max: number): Promise<readonly BlockClaim[]> {
    return this.#isClosed ? [] : this.#ports.claim(max).map(claimOf);
  }

  onChange(listener: () => void): () => void {
    return this.#ports.feed.listen(listener);
  }

  async cancelled(): Promise<readonly BlockId[]> {
    return this.#ports.cancelled().map(({ blockId }) => blockId);
  }

  async note(claim: BlockClaim, progress: BlockProgress): Promise<void> {
    const block = this.#ports.held(claim);
    const wasChecked = block.progress.checked;
    block.progress = { ...block.progress, ...defined(progress) };
    if (progress.checked !== wasChecked) await block.save();
  }

  async histories(claim: BlockClaim): Promise<ReadonlyMap<JobId, JobHistoryRecord>> {
    return this.#ports.held(claim).histories.read();
  }

  async remember(claim: BlockClaim, histories: ReadonlyMap<JobId, JobHistoryRecord>): Promise<void> {
    await this.#ports.held(claim).histories.append([...histories]);
  }

  async credit(claim: BlockClaim, summaries: readonly ProofSummary[]): Promise<void> {
    await this.#ports.held(claim).credits.append(summaries.map((summary) => [summary.jobId, summary]));
  }

  async publish(claim: BlockClaim, chunk: EventChunk): Promise<void> {
    this.#ports.held(claim);
    for (const piece of piecesOf(claim, chunk)) this.#ports.events.publish(claim.blockId, piece);
  }

  async end(claim: BlockClaim): Promise<void> {
    if (this.#ports.isOpen(claim.blockId)) await this.#ports.end(this.#ports.held(claim));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ports.feed.close();
    this.#ports.leave();
  }
}

function claimOf({ submitted, token, age, progress }: OpenBlock): BlockClaim {
  return { ...submitted, token, ageRank: age, checked: progress.checked };
}

/** Without what is undefined, so that it takes the place of nothing. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}
