import { setMaxListeners } from 'node:events';
import { type ErrorCode, EspalierError } from '../../common/index.js';

export interface PatienceOptions {
  /** Hears of an outage once, with the first error, however many deeds it keeps from succeeding. */
  readonly onFault: (error: EspalierError) => void;
  /** Aborting ends every wait, with `cancelled`. */
  readonly signal: AbortSignal;
}

/** Trouble outside, which somebody will mend. */
const PASSING: readonly ErrorCode[] = ['store-unavailable', 'disk-full', 'queue-unavailable', 'queue-full'];

const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 5_000;

/** Tries again for as long as a store or a queue is away: that is nobody's failure. */
export class Patience {
  readonly #options: PatienceOptions;
  /** Deeds that failed and are tried again: an outage lasts while there are any. */
  #troubled = 0;
  #pauses = new Set<() => void>();

  constructor(options: PatienceOptions) {
    this.#options = options;
    // As many deeds as are under way wait for it; Node would warn of a leak from the eleventh on.
    setMaxListeners(0, options.signal);
  }

  /** Rejects with what `deed` rejects with, unless that may pass; with `cancelled` as soon as the signal is aborted. */
  async try<T>(deed: () => Promise<T>): Promise<T> {
    let failures = 0;
    try {
      for (;;) {
        try {
          return await this.#orAborted(deed);
        } catch (thrown) {
          const error = EspalierError.from(thrown);
          if (!PASSING.includes(error.code) || this.#options.signal.aborted) throw thrown;
          failures += 1;
          if (failures === 1) this.#begin(error);
        }
        await this.#pause(Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** (failures - 1)));
      }
    } finally {
      if (failures > 0) this.#troubled -= 1;
    }
  }

  /** What was away may be back: everything is tried again now. */
  hurry(): void {
    for (const end of this.#pauses) end();
  }

  #begin(error: EspalierError): void {
    this.#troubled += 1;
    if (this.#troubled === 1) this.#options.onFault(error);
  }

  async #orAborted<T>(deed: () => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    if (signal.aborted) throw stopped();
    let onAbort: () => void = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(stopped());
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([deed(), aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #pause(durationMs: number): Promise<void> {
    const { signal } = this.#options;
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const timer = setTimeout(end, durationMs);
    this.#pauses.add(end);
    signal.addEventListener('abort', end, { once: true });
    await ended;
    signal.removeEventListener('abort', end);
    this.#pauses.delete(end);
    clearTimeout(timer);
  }
}

type AsyncMethod = (...args: never[]) => Promise<unknown>;
type AsyncNames<T> = { [K in keyof T]: T[K] extends AsyncMethod ? K : never }[keyof T];

/** These methods of an object, tried again for as long as what they need is away. */
export function patiently<T extends object, K extends AsyncNames<T>>(
  patience: Patience,
  target: T,
  names: readonly K[],
): Pick<T, K> {
  const methods = names.map((name) => {
    const method = target[name] as AsyncMethod;
    return [name, (...args: never[]) => patience.try(() => method.apply(target, args))] as const;
  });
  return Object.fromEntries(methods) as Pick<T, K>;
}

function stopped(): EspalierError {
  return new EspalierError('cancelled', 'the orchestrator is stopping');
}
