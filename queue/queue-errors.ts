import { EspalierError } from '../common/index.js';
import type { JobId, JobLease } from '../proto/index.js';

/** What every adapter of `JobQueue` says alike. */

export function queueClosed(): EspalierError {
  return new EspalierError('cancelled', 'the queue is closed: no job can be added');
}

export function queueConflict(id: JobId): EspalierError {
  return new EspalierError('queue-conflict', `job ${id} is already queued with other content`);
}

export function queueFull(added: number, held: number, jobsMax: number): EspalierError {
  const state = `it holds ${held} of at most ${jobsMax} jobs`;
  return new EspalierError('queue-full', `the queue has no room for ${added} more jobs: ${state}`, {
    remedy: 'add them again when some are finished',
  });
}

export function noClasses(workerId: string): EspalierError {
  return new EspalierError('internal', `worker ${workerId} takes jobs of no class at all`);
}

export function leaseLost({ job, token, workerId }: JobLease): EspalierError {
  return new EspalierError('lease-lost', `worker ${workerId} no longer holds job ${job.id} (token ${token})`);
}

export function warnOfListenerError(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { type: 'ReportListenerWarning' });
}

export const JOBS_MAX_DEFAULT = 1_000_000;
