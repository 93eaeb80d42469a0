import { EspalierError } from '../../common/index.js';

export interface PacerOptions {
  /** Runs begin at least so far apart. */
  readonly intervalMs: number;
  readonly run: () => void | Promise<void>;
  /** Hears why a run failed: of several that fail one after another the first. */
  readonly onTrouble?: ((message: string) => void) | undefined;
}

/**
 * Does something when it is asked to, and not too often: at once where the last run began long enough ago, else at the
 * end of the interval, once however often it was asked. Runs do not overlap, and after the last question one begins.
 */
export class Pacer {
  readonly #options: PacerOptions;
  #isAsked = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastRunAtMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;
  #isClosed = false;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  ask(): void {
    this.#isAsked = true;
    this.#next();
  }

  /** Begins no more runs; resolves when none is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #next(): void {
    if (this.#isClosed || !this.#isAsked || this.#running !== undefined || this.#timer !== undefined) return;
    const waitMs = this.#lastRunAtMs + this.#options.intervalMs - performance.now();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, waitMs).unref();
      return;
    }
    this.#isAsked = false;
    this.#lastRunAtMs = performance.now();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#next();
    });
  }

  async #run(): Promise<void> {
    try {
      await this.#options.run();
      this.#isFailing = false;
    } catch (thrown) {
      if (!this.#isFailing && !this.#isClosed) this.#options.onTrouble?.(EspalierError.from(thrown).message);
      this.#isFailing = true;
    }
  }
}
