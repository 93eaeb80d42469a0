import type { EspalierError } from '../../common/index.js';
import type { Job, JobLease, JobTrace, QueuedJob } from '../../proto/index.js';
import { LazyAbort } from '../lazy-abort.js';

/** A lease of the queue in memory. */
export class MemoryLease implements JobLease {
  readonly job: Job;
  readonly attempt: number;
  readonly order: readonly [number, number];
  readonly trace: JobTrace | undefined;
  isStarted = false;
  readonly #abort = new LazyAbort();

  constructor(
    { job, attempt, order, trace }: QueuedJob,
    readonly token: number,
    readonly workerId: string,
  ) {
    this.job = job;
    this.attempt = attempt;
    this.order = order;
    this.trace = trace;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(because: EspalierError): void {
    this.#abort.abort(because);
  }
}
