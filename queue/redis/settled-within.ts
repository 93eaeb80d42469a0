import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves when `work` has settled, or after `timeoutMs`: for what a process tells Redis when it ends, and need not tell,
 * because its session expires by itself.
 */
export async function settledWithin(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([work.catch(() => {}), delay(timeoutMs, undefined, { signal: waiting.signal }).catch(() => {})]);
  waiting.abort();
}

/** How long the end of a process waits for a Redis that is away. */
export const LEAVE_WITHIN_MS = 1_000;
