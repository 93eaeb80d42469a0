import { EspalierError } from '../common/index.js';

/**
 * Runs `work` with a signal that aborts when `signal` does or after `limitMs`. In the second case rejects with
 * `prover-timeout`, saying that `what` took too long; `work` must settle soon after its signal aborts (`orAborted`).
 */
export async function withinTime<T>(
  limitMs: number,
  signal: AbortSignal,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limitMs);
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } catch (thrown) {
    if (!late.signal.aborted || signal.aborted) throw thrown;
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
