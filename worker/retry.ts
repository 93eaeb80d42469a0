import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, EspalierError } from '../common/index.js';

const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 5_000;

/** Waits; rejects when the signal aborts. */
export type Wait = (durationMs: number, signal: AbortSignal) => Promise<void>;

export const realWait: Wait = (durationMs, signal) => delay(durationMs, undefined, { signal });

export interface RetryOptions {
  /** The errors that pass by themselves. */
  readonly codes: readonly ErrorCode[];
  readonly triesMax: number;
  /** Any of these ends the pauses; a try that is under way is awaited. */
  readonly signals: readonly AbortSignal[];
  readonly wait: Wait;
}

/** The pause after so many failures in a row. */
export function pauseMs(failures: number): number {
  return Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** (failures - 1));
}

/** Tries, at least once, until it succeeds; rejects with the last error when there are no tries left, or no time. */
export async function retry<T>(work: () => Promise<T>, { codes, triesMax, signals, wait }: RetryOptions): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (thrown) {
      const signal = AbortSignal.any([...signals]);
      if (!codes.includes(EspalierError.from(thrown).code) || failures >= triesMax || signal.aborted) throw thrown;
      await wait(pauseMs(failures), signal).catch(() => {
        throw thrown;
      });
    }
  }
}
