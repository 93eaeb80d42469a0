import { EspalierError } from '../common/index.js';

/**
 * Runs `work` with a signal that aborts when `signal` does or after `limitMs`. In the second case rejects with
 * `prover-timeout`, saying that `what` took too long; `work` must settle soon after its signal aborts.
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
