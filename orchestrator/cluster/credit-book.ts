import type { ProofSummary } from '../../proto/index.js';
import type { BlockOwner } from '../../queue/index.js';
import type { ClaimedBlock } from './claimed-block.js';

/** Summaries sent at once. */
const BATCH_MAX = 500;

/** Brings to the board who proved what, many proofs at a time. */
export class CreditBook {
  readonly #owner: Pick<BlockOwner, 'credit'>;
  readonly #onLost: (block: ClaimedBlock, thrown: unknown) => void;
  readonly #pending = new Map<ClaimedBlock, ProofSummary[]>();
  #underWay: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** `onLost` hears what the board says instead of noting it: most likely that the block is someone else's now. */
  constructor(owner: Pick<BlockOwner, 'credit'>, onLost: (block: ClaimedBlock, thrown: unknown) => void) {
    this.#owner = owner;
    this.#onLost = onLost;
  }

  note(block: ClaimedBlock, summary: ProofSummary): void {
    const summaries = this.#pending.get(block);
    if (summaries === undefined) this.#pending.set(block, [summary]);
    else summaries.push(summary);
  }

  /** Resolves when the board knows of all that was noted by now. */
  flush(): Promise<void> {
    // Whoever asks while a batch is under way shares the next one.
    this.#next ??= this.#underWay.then(() => {
      this.#next = undefined;
      this.#underWay = this.#write();
      return this.#underWay;
    });
    return this.#next;
  }

  async #write(): Promise<void> {
    const pending = [...this.#pending];
    this.#pending.clear();
    await Promise.all(pending.map(([block, summaries]) => this.#send(block, summaries)));
  }

  async #send(block: ClaimedBlock, summaries: readonly ProofSummary[]): Promise<void> {
    try {
      for (let first = 0; first < summaries.length; first += BATCH_MAX) {
        await this.#owner.credit(block.claim, summaries.slice(first, first + BATCH_MAX));
      }
    } catch (thrown) {
      this.#onLost(block, thrown);
    }
  }
}
