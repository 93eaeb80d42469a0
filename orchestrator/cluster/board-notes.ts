import type { Clock } from '../../common/index.js';
import type { BlockOwner, BlockProgress } from '../../queue/index.js';
import type { ClaimedBlock } from './claimed-block.js';

/** How often the board is asked whether a block is still ours, where there is nothing to tell. */
const CONFIRM_MS = 2_000;

export interface BoardNotesOptions {
  readonly owner: Pick<BlockOwner, 'note'>;
  readonly clock: Clock;
}

/** Tells the board how far blocks are, and so learns whether they are still ours. */
export class BoardNotes {
  readonly #options: BoardNotesOptions;

  constructor(options: BoardNotesOptions) {
    this.#options = options;
  }

  /** Whether there is something to tell, or it is time to ask. `nowMs`: by the monotonic clock. */
  isDue(block: ClaimedBlock, nowMs: number): boolean {
    const isOpen = block.state === 'waiting' || block.state === 'preparing' || block.state === 'proving';
    if (!isOpen || block.noted === undefined || nowMs - block.noted.atMs >= CONFIRM_MS) return isOpen;
    return JSON.stringify(this.#progressOf(block)) !== JSON.stringify(block.noted.progress);
  }

  /** Rejects with `lease-lost` when the block is another's. */
  async note(block: ClaimedBlock): Promise<void> {
    const { owner, clock } = this.#options;
    const progress = this.#progressOf(block);
    await owner.note(block.claim, progress);
    block.noted = { progress, atMs: clock.monotonicMs() };
  }

  /** As far as those who watch were told: whoever begins to watch goes on from the cursor. */
  #progressOf({ checked, prepared, forecast, work, news: { counts } }: ClaimedBlock): BlockProgress {
    if (prepared === undefined) return { state: 'preparing', checked, jobs: 0, done: 0, running: 0 };
    const { lineageSeed, tree } = prepared;
    const told = counts ?? { done: 0, running: 0 };
    const outlook = { ...(forecast === undefined ? {} : { forecast }), ...(work === undefined ? {} : { work }) };
    return { state: 'proving', checked, jobs: tree.size, lineageSeed, ...told, ...outlook };
  }
}
