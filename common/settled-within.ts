import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves when `work` has settled, or after `timeoutMs`: for what a process says or finishes when it ends, and
 * need not. What `work` rejects with is dropped.
 */
export async function settledWithin(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([work.catch(() => {}), delay(timeoutMs, undefined, { signal: waiting.signal }).catch(() => {})]);
  waiting.abort();
}
