import { blockContext, formatTraceparent } from '../../common/index.js';
import type { BlockWork, Forecast, JobId } from '../../proto/index.js';
import type { BlockClaim, BlockProgress } from '../../queue/index.js';
import type { PreparedBlock } from '../run/index.js';
import type { BlockNews } from './block-news.js';

/**
 * A block that this orchestrator owns. It is
 *
 * - *waiting* until it is its turn to be prepared, older blocks first; then
 * - *preparing*: read, checked, executed, planned, its proofs looked for; then
 * - *proving*: in the scheduler's hands, until that says how it ended, or it is cancelled; then
 * - *ending*: its result is written, what it leaves behind is swept up, and it is taken off the board.
 *
 * It may come to *ending* from every other state, and be dropped from any: when its lease is lost it is someone else's.
 */
export class ClaimedBlock {
  readonly claim: BlockClaim;
  /** What those who watch it are told. */
  readonly news: BlockNews;
  /** Aborted when its preparation is not wanted any more. */
  readonly preparing = new AbortController();
  /** Jobs of the family's other blocks that were proven since its preparation began: it has seen the store before that. */
  readonly provenMeanwhile: JobId[] = [];
  /** `traceparent` of its span. */
  readonly trace: string;
  checked: boolean;
  prepared: PreparedBlock | undefined;
  /** Proofs accepted since it was claimed. */
  proven = 0;
  /** When proving began, by the monotonic clock. */
  startedMs = 0;
  /** The latest; undefined until it is proving. */
  forecast: Forecast | undefined;
  /** What is left of it, some seconds ago; undefined until it is proving. */
  work: BlockWork | undefined;
  /** What the board was told last, and when by the monotonic clock. */
  noted: { readonly progress: BlockProgress; readonly atMs: number } | undefined;
  #state: 'waiting' | 'preparing' | 'proving' | 'ending' | 'dropped' = 'waiting';
  /** Resolves when it is off the board, or someone else's, with whether it was being ended here. */
  readonly whenGone: Promise<boolean>;
  #onPrepared: (() => void)[] = [];
  #onGone: (wasEnding: boolean) => void = () => {};

  constructor(claim: BlockClaim, news: BlockNews) {
    this.claim = claim;
    this.news = news;
    this.checked = claim.checked;
    this.trace = formatTraceparent(blockContext(claim).own);
    this.whenGone = new Promise((resolve) => {
      this.#onGone = resolve;
    });
  }

  get id(): string {
    return this.claim.blockId;
  }

  get state(): 'waiting' | 'preparing' | 'proving' | 'ending' | 'dropped' {
    return this.#state;
  }

  get isPrepared(): boolean {
    return this.#state !== 'waiting' && this.#state !== 'preparing';
  }

  enter(state: 'preparing' | 'proving' | 'ending' | 'dropped'): void {
    const wasEnding = this.#state === 'ending';
    this.#state = state;
    if (state === 'dropped') {
      this.news.close();
      this.#onGone(wasEnding);
    }
    if (!this.isPrepared) return;
    if (state !== 'proving') this.preparing.abort();
    for (const resolve of this.#onPrepared.splice(0)) resolve();
  }

  /** Resolves when it is neither waiting nor preparing any more. */
  async whenPrepared(): Promise<void> {
    if (!this.isPrepared) await new Promise<void>((resolve) => this.#onPrepared.push(resolve));
  }
}
