/** What a worker has completed so far. */
export interface Completed {
  readonly count: number;
  /** When the latest of them was acknowledged to the worker: `machineMs`. */
  readonly lastMs: number;
}

/** When a worker had one job: `machineMs`. */
export interface JobStamp {
  /** The worker has it, and would begin. */
  readonly startedMs: number;
  /** The worker is done with it, and is about to tell the queue. */
  readonly endedMs: number;
}
