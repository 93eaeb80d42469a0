import { setTimeout as delay } from 'node:timers/promises';
import { EspalierError } from '../common/index.js';

const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 5_000;

/** Pauses between tries: each twice as long as the one before, up to a bound, and half of each left to chance. */
export class Backoff {
  #tries = 0;

  /** What was tried has worked: begin anew. */
  reset(): void {
    this.#tries = 0;
  }

  /** In milliseconds. `askedMs`: the server asks for so long a pause, which is its own doing: others who wait come spread. */
  nextMs(askedMs = 0): number {
    if (askedMs > 0) return askedMs * (1 + Math.random() / 2);
    const fullMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** this.#tries);
    this.#tries += 1;
    return fullMs * (0.5 + Math.random() / 2);
  }
}

/** Rejects with `cancelled` when one of the signals aborts, at once. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  throwIfAborted(signal);
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw stopped();
}

export function stopped(): EspalierError {
  return new EspalierError('cancelled', 'stopped waiting for the server');
}
