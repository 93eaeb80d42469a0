import { EspalierError } from '../common/index.js';
import { type BlockView, LevelCounts, type WatchedEventBody } from '../proto/index.js';

/** A block after each of its events, as the cluster itself counts it. */
export class BlockFold {
  #block: BlockView | null;
  readonly #counts: LevelCounts;

  /** `block`: as of the place from which events are followed; null where the first is a snapshot. */
  constructor(block: BlockView | null) {
    this.#block = block;
    this.#counts = new LevelCounts(block?.levels ?? []);
  }

  /** Throws `internal` where there is nothing that the event could build on. */
  apply(event: WatchedEventBody): BlockView {
    this.#counts.apply(event);
    this.#block = this.#next(event);
    return this.#block;
  }

  #next(event: WatchedEventBody): BlockView {
    if (event.kind === 'snapshot' || event.kind === 'ended') return event.block;
    if (this.#block === null) {
      throw new EspalierError('internal', `the stream of events begins with ${event.kind}, not with a snapshot`);
    }
    if (event.kind === 'forecast') return { ...this.#block, forecast: event.forecast };
    if (event.kind === 'proof-lost') return this.#block;
    return { ...this.#block, ...this.#counts.total(), levels: this.#counts.levels() };
  }
}
