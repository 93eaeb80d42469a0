import { type Clock, EspalierError } from '../common/index.js';

/**
 * Runs `work` with a signal that aborts when one of `signals` does or after `limitMs`. In the second case rejects with
 * `prover-timeout`, saying that `what` took too long; `work` must settle soon after its signal aborts (`orAborted`).
 */
export async function withinTime<T>(
  limitMs: number,
  signals: readonly AbortSignal[],
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limitMs);
  try {
    return await work(AbortSignal.any([...signals, late.signal]));
  } catch (thrown) {
    if (!late.signal.aborted || signals.some(({ aborted }) => aborted)) throw thrown;
    throw new EspalierError('prover-timeout', `${what} took longer than ${limitMs} ms`, {
      remedy: 'raise timeoutMs in the profile if this machine is that slow',
      cause: thrown,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** `work`, left behind as soon as `signal` aborts: for what cannot be ended. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Made once: an exception of its own for each abort costs more than the rest of it. */
const OVER = new EspalierError('cancelled', 'it is over');

/** A signal that aborts so long after another one did, or when `end` is called, which must be in any case. */
export function abortedAfter(signal: AbortSignal, delayMs: number): { readonly signal: AbortSignal; end(): void } {
  const later = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => later.abort(OVER), delayMs);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: later.signal,
    end: () => {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
      later.abort(OVER);
    },
  };
}

/** A function that tells the milliseconds since it was last called. */
export function stopwatch(clock: Clock): () => number {
  let last = clock.monotonicMs();
  return () => {
    const now = clock.monotonicMs();
    const lap = now - last;
    last = now;
    return lap;
  };
}
