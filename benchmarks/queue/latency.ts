import type { JobStamp } from './worker-notes.js';

export interface LatencyOptions {
  readonly samples: number;
  /** So many go before them: the first of a fresh process, which nobody counts. */
  readonly warmUps: number;
  /** Each job is held, and all is idle between jobs, for up to so long. */
  readonly holdMsMax: number;
}

/** From the end of each job to the start of the next. */
export function gapsMs(stamps: readonly JobStamp[]): number[] {
  return stamps.slice(1).map(({ startedMs }, i) => startedMs - (stamps[i]?.endedMs ?? Number.NaN));
}
