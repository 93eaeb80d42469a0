import type { EspalierError } from '../../common/index.js';
import type { Job, JobLease, QueuedJob } from '../../proto/index.js';
import { LazyAbort } from '../lazy-abort.js';

/** A lease of the queue in memory. */
export class MemoryLease implements JobLease {
  readonly job: Job;
  readonly attempt: number;
  readonly order: readonly [number, number];
  isStarted = false;
  readonly #abort = new LazyAbort();

  constructor(
    { job, attempt, order }: QueuedJob,
    readonly token: number,
    readonly workerId: string,
  ) {
    this.job = job;
    this.attempt = attempt;
    this.order = order;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(because: EspalierError): void {
    this.#abort.abort(because);
  }
}
