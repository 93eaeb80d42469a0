/** What is left of one level of the tree. */
export interface LevelWork {
  /** Jobs not started (or waiting to be tried again). */
  readonly waiting: number;
  /** What a job of this level is expected to take. */
  readonly expectedMs: number;
  readonly running: readonly RunningWork[];
  /** How many of the waiting jobs at least stand in one chain, each needing the one before: 1 but for kernels. */
  readonly chainLength: number;
}

export interface RunningWork {
  readonly expectedMs: number;
  readonly elapsedMs: number;
}

/** A job that has outlived what was expected of it is taken to need this share of it still. */
const OVERTIME_SHARE = 0.1;

/**
 * Time left in milliseconds, never negative: all remaining work divided among `concurrency` jobs at once, but never
 * less than the longest remaining chain, since a level can end only after the level below it.
 */
export function estimateTimeLeft(levels: readonly LevelWork[], concurrency: number): number {
  let workMs = 0;
  let chainMs = 0;
  for (const level of levels) {
    const runningMs = level.running.map(remainingMs);
    workMs += level.waiting * level.expectedMs + runningMs.reduce((sum, ms) => sum + ms, 0);
    const waitingChainMs = level.waiting > 0 ? Math.max(1, level.chainLength) * level.expectedMs : 0;
    chainMs += runningMs.reduce((longest, ms) => Math.max(longest, ms), waitingChainMs);
  }
  return Math.max(workMs / Math.max(1, concurrency), chainMs);
}

function remainingMs({ expectedMs, elapsedMs }: RunningWork): number {
  return Math.max(expectedMs - elapsedMs, expectedMs * OVERTIME_SHARE);
}
