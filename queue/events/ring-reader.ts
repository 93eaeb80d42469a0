import { setMaxListeners } from 'node:events';
import { EspalierError } from '../../common/index.js';
import type { EventChunk, EventCursor } from '../../proto/index.js';
import type { EventReader } from './block-events.js';
import { compareCursors } from './event-cursor.js';
import type { EventRing } from './event-ring.js';

export interface RingReaderOptions {
  readonly ring: EventRing;
  /** Resolves when the ring has all that was told by now. */
  readonly catchUp: () => Promise<void>;
  readonly onClose: () => void;
}

/**
 * A place behind the end of the ring is either one that the ring has yet to reach, or one that was lost. The reader has it
 * catch up to find out.
 */
export class RingReader implements EventReader {
  readonly #options: RingReaderOptions;
  readonly #closed = new AbortController();
  #life: number;
  #seen = -1;
  /** A place that was ahead of the ring, and whether the ring has caught up since it was asked for. */
  #doubted: { readonly place: EventCursor; isRefuted: boolean } | undefined;

  constructor(options: RingReaderOptions) {
    this.#options = options;
    this.#life = options.ring.life;
  }

  read(after: EventCursor, max: number): readonly EventChunk[] | 'gone' {
    const { ring } = this.#options;
    this.#seen = ring.version;
    if (this.#life !== ring.life) {
      this.#life = ring.life;
      return 'gone';
    }
    const found = ring.read(after, max);
    if (found !== 'ahead') return found;
    return this.#isRefuted(after) ? 'gone' : [];
  }

  async changed(signal: AbortSignal, quietMs: number): Promise<boolean> {
    const { ring } = this.#options;
    signal.throwIfAborted();
    if (this.#closed.signal.aborted) throw closedError();
    if (ring.version !== this.#seen) return true;
    const closed = this.#closed.signal;
    // Any number of readers may wait on one signal; Node would warn of a leak from the eleventh on.
    setMaxListeners(0, signal);
    return await new Promise<boolean>((resolve, reject) => {
      const settle = (end: () => void) => {
        forget();
        clearTimeout(quiet);
        signal.removeEventListener('abort', onAbort);
        closed.removeEventListener('abort', onClosed);
        end();
      };
      const onAbort = () => settle(() => reject(signal.reason));
      const onClosed = () => settle(() => reject(closedError()));
      const forget = ring.onceChanged(() => settle(() => resolve(true)));
      // One more signal for each wait would be a third of what telling a thousand readers takes.
      const quiet = setTimeout(() => settle(() => resolve(false)), quietMs);
      signal.addEventListener('abort', onAbort, { once: true });
      closed.addEventListener('abort', onClosed, { once: true });
    });
  }

  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#options.onClose();
  }

  #isRefuted(place: EventCursor): boolean {
    const { ring, catchUp } = this.#options;
    if (this.#doubted === undefined || compareCursors(this.#doubted.place, place) !== 0) {
      const doubted = { place, isRefuted: false };
      this.#doubted = doubted;
      const refute = () => {
        doubted.isRefuted = true;
        ring.touch();
      };
      // Rejects only when it is closed, and then nobody reads any more.
      catchUp().then(refute, () => {});
    }
    return this.#doubted.isRefuted;
  }
}

function closedError(): EspalierError {
  return new EspalierError('cancelled', 'the reader of events is closed');
}
