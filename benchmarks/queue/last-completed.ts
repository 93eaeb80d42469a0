import type { BenchProcess } from './bench-process.js';
import type { Completed } from './worker-notes.js';

/**
 * Resolves with when the last of so many jobs was acknowledged to its worker (`machineMs`), once all of them are. Asking
 * takes a worker's time: one alone is asked once before the end, and more only when one of them must have had its share of
 * what is missing.
 */
export async function lastCompletedMs(workers: readonly BenchProcess[], jobs: number): Promise<number> {
  let completed = workers.map((): Completed => ({ count: 0, lastMs: 0 }));
  const waitFor = (more: number) =>
    workers.map((worker, i) => worker.call<Completed>('completed', (completed[i]?.count ?? 0) + more));
  for (;;) {
    const missing = jobs - completed.reduce((sum, { count }) => sum + count, 0);
    if (missing <= 0) return Math.max(...completed.map(({ lastMs }) => lastMs));
    await Promise.race(waitFor(Math.ceil(missing / workers.length)));
    completed = await Promise.all(waitFor(0));
  }
}
