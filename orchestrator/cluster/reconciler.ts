import type { JobId, QueuedJob } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';
import type { SchedulerShell } from '../run/index.js';

/** Jobs asked for at once. */
const CHUNK = 1_000;

/**
 * Finds jobs that should be in the queue and are not: it may have lost its last second, and a report may have got lost.
 * A job that was missing in two looks in a row, so that no report of it is on its way, is proven if its proof is found;
 * else it is queued again.
 */
export class Reconciler {
  readonly #shell: Pick<SchedulerShell, 'supply' | 'lookFor'>;
  readonly #queue: Pick<JobProducer, 'present'>;
  #missing: ReadonlyMap<JobId, QueuedJob> = new Map();
  /** Whose proofs were looked for already: found or not, they are queued again now. */
  readonly #lookedFor = new WeakSet<QueuedJob>();

  constructor(shell: Pick<SchedulerShell, 'supply' | 'lookFor'>, queue: Pick<JobProducer, 'present'>) {
    this.#shell = shell;
    this.#queue = queue;
  }

  /** Between two looks there must be time for reports to arrive. */
  async look(): Promise<void> {
    const queued = this.#shell.supply.queued();
    const missing = new Map<JobId, QueuedJob>();
    for (let first = 0; first < queued.length; first += CHUNK) {
      const chunk = queued.slice(first, first + CHUNK);
      const present = await this.#queue.present(chunk.map(({ job }) => job.id));
      for (const job of chunk) if (!present.has(job.job.id)) missing.set(job.job.id, job);
    }
    const before = this.#missing;
    this.#missing = missing;
    for (const [jobId, job] of missing) if (before.get(jobId) === job) this.#bringBack(job);
  }

  #bringBack(queued: QueuedJob): void {
    const { supply } = this.#shell;
    const again = () => {
      if (supply.isQueued(queued)) supply.enqueue([queued]);
    };
    if (this.#lookedFor.has(queued)) again();
    else if (supply.isQueued(queued)) this.#shell.lookFor(queued.job.id, again);
    this.#lookedFor.add(queued);
  }
}
