import { EspalierError } from '../../common/index.js';
import type { QueuedJob } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';
import type { Patience } from './patience.js';

export interface AddJobsOptions {
  readonly queue: Pick<JobProducer, 'add' | 'remove' | 'present'>;
  readonly patience: Patience;
  /** Asked before each try: forgets the blocks that are someone else's by now, whose jobs then are not wanted any more. */
  readonly confirm: () => Promise<void>;
}

/**
 * Adds the jobs that are wanted at the time, for as long as the queue is away or full. What an earlier owner left there
 * under the same id with other content (it may have had another profile) gives way, once: rejects with `queue-conflict`
 * where somebody puts it there again at the same time.
 */
export async function addJobs(
  wanted: () => readonly QueuedJob[],
  { queue, patience, confirm }: AddJobsOptions,
): Promise<void> {
  await patience.try(async () => {
    await confirm();
    const jobs = wanted();
    if (jobs.length === 0) return;
    try {
      await queue.add(jobs);
    } catch (thrown) {
      if (!isConflict(thrown)) throw thrown;
      await replaceConflicting(jobs, queue);
      await queue.add(jobs);
    }
  });
}

async function replaceConflicting(jobs: readonly QueuedJob[], queue: AddJobsOptions['queue']): Promise<void> {
  const present = await queue.present(jobs.map(({ job }) => job.id));
  for (const queued of jobs) {
    if (!present.has(queued.job.id)) continue;
    await queue.add([queued]).catch(async (thrown: unknown) => {
      if (!isConflict(thrown)) throw thrown;
      await queue.remove([queued.job.id]);
    });
  }
}

function isConflict(thrown: unknown): boolean {
  return EspalierError.from(thrown).code === 'queue-conflict';
}
