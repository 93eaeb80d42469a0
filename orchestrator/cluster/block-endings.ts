import { EspalierError } from '../../common/index.js';
import type { BlockResult, JobId } from '../../proto/index.js';
import type { ClaimedBlock } from './claimed-block.js';
import { type EndBlockOptions, type Ending, endBlock, finishBlock } from './end-block.js';
import { isOfTree } from './leftovers.js';

const RETRY_MS = 5_000;

export interface BlockEndingsOptions extends Omit<EndBlockOptions, 'neededBy'> {
  /** All that this orchestrator owns. */
  readonly blocks: () => Iterable<ClaimedBlock>;
  /** Aborting it ends nothing that is under way, but nothing is tried again. */
  readonly signal: AbortSignal;
  /** Resolves when nothing more is done for the block but ending it. */
  readonly settled: (block: ClaimedBlock) => Promise<void>;
  /** It is off the board, or no business of ours any more. */
  readonly onGone: (block: ClaimedBlock) => void;
  readonly onFault: (error: EspalierError) => void;
}

/** Ends blocks that are *ending*, and tries again if that fails: nobody else would while this orchestrator lives. */
export class BlockEndings {
  readonly #options: BlockEndingsOptions;
  readonly #endOptions: EndBlockOptions;

  constructor(options: BlockEndingsOptions) {
    this.#options = options;
    this.#endOptions = { ...options, neededBy: (block) => this.#neededByOthers(block) };
  }

  end(block: ClaimedBlock, ending: Ending): void {
    this.#try(block, async () => {
      await this.#options.settled(block);
      await endBlock(block, ending, this.#endOptions);
    });
  }

  /** Finishes what an earlier owner began. */
  finish(block: ClaimedBlock, result: BlockResult): void {
    this.#try(block, () => finishBlock(block, result, this.#endOptions));
  }

  #try(block: ClaimedBlock, deed: () => Promise<void>): void {
    const { signal, onFault, onGone } = this.#options;
    deed().then(
      () => onGone(block),
      (thrown: unknown) => {
        const error = EspalierError.from(thrown);
        if (signal.aborted || error.code === 'lease-lost') {
          onGone(block);
          return;
        }
        onFault(error);
        const stop = () => clearTimeout(timer);
        const timer = setTimeout(() => {
          signal.removeEventListener('abort', stop);
          this.#try(block, deed);
        }, RETRY_MS);
        signal.addEventListener('abort', stop, { once: true });
      },
    );
  }

  async #neededByOthers(ended: ClaimedBlock): Promise<(jobId: JobId) => boolean> {
    const relatives = () =>
      [...this.#options.blocks()].filter((block) => block !== ended && block.claim.family === ended.claim.family);
    for (;;) {
      const unplanned = relatives().find(({ isPrepared }) => !isPrepared);
      if (unplanned === undefined) break;
      await unplanned.whenPrepared();
    }
    const trees = relatives().flatMap(({ state, prepared }) =>
      state === 'proving' && prepared !== undefined ? [prepared.tree] : [],
    );
    return (jobId) => trees.some((tree) => isOfTree(tree, jobId));
  }
}
