import type { EspalierError } from '../../../common/index.js';

/** `work`, for at most `limitMs`: rejects with what `tooLate` makes, and when `signal` aborts. The work itself goes on. */
export async function within<T>(
  work: Promise<T>,
  limitMs: number,
  signal: AbortSignal,
  tooLate: () => EspalierError,
): Promise<T> {
  work.catch(() => {});
  signal.throwIfAborted();
  let end = () => {};
  const ended = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(tooLate()), limitMs);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    end();
  }
}
