import { EspalierError } from '../../common/index.js';
import type { Job, JobLease, JobTrace, QueuedJob } from '../../proto/index.js';
import { LazyAbort } from '../lazy-abort.js';

/**
 * Where a lease of this process is, as far as this process knows:
 *
 * - *held*: taken. Its holder's ending makes it *ending*; a failed look at Redis *lost*; `remove` and `close` *over*.
 * - *ending*: its holder has ended it, and Redis has not answered. *over* when it has, what it was when it cannot be asked.
 * - *detached*: no lease any more, but its holder goes on. *over* when that ends, or the job is removed.
 * - *lost*: given to someone else, or about to be. Its holder was told to stop, and may have stored a proof by then: its
 *   `complete` is still told. Then *over*.
 * - *over*: nothing that its holder does with it matters.
 */
type LeaseState = 'held' | 'ending' | 'detached' | 'lost' | 'over';

/** A lease of this process. */
export class HeldLease implements JobLease {
  readonly job: Job;
  readonly attempt: number;
  readonly order: readonly [number, number];
  readonly trace: JobTrace | undefined;
  state: LeaseState = 'held';
  isStarted = false;
  readonly #abort = new LazyAbort();

  constructor(
    { job, attempt, order, trace }: QueuedJob,
    readonly token: number,
    readonly workerId: string,
    /** Whom the job reported to when it was taken. */
    readonly producerId: string,
  ) {
    this.job = job;
    this.attempt = attempt;
    this.order = order;
    this.trace = trace;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(code: 'cancelled' | 'lease-lost', why: string): void {
    this.#abort.abort(new EspalierError(code, `job ${this.job.id}: ${why}`));
  }
}
