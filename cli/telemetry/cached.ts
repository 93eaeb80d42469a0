import { type Clock, settledWithin } from '../../common/index.js';

/** A scrape asks for several metrics at once, and several may scrape. */
const REFRESH_MS = 5_000;
/** How old an answer may be that is shown while there is no newer one. */
const AGE_MAX_MS = 30_000;
const FIRST_WITHIN_MS = 1_000;

/** What is asked over a network, no more than every few seconds, and never twice at a time, however often it is wanted. */
export class Cached<T> {
  readonly #ask: () => Promise<T>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #asking: Promise<void> | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #last: { readonly value: T; readonly atMs: number } | undefined;

  constructor(ask: () => Promise<T>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The latest answer; a newer one is asked for where it is old. undefined where there was none for too long. */
  async get(): Promise<T | undefined> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#askedMs >= REFRESH_MS && this.#asking === undefined) {
      this.#askedMs = nowMs;
      this.#asking = this.#ask()
        .then(
          (value) => {
            this.#last = { value, atMs: this.#clock.monotonicMs() };
          },
          // It is asked again soon, and who cannot be reached is told of elsewhere.
          () => {},
        )
        .finally(() => {
          this.#asking = undefined;
        });
    }
    // Nobody waits long for what is away: the first answer is worth a moment.
    if (this.#last === undefined && this.#asking !== undefined) await settledWithin(this.#asking, FIRST_WITHIN_MS);
    const isFresh = this.#last !== undefined && this.#clock.monotonicMs() - this.#last.atMs <= AGE_MAX_MS;
    return isFresh ? this.#last?.value : undefined;
  }
}
