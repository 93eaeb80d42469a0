import { EspalierError } from '../common/index.js';
import type { BlockId, JobId, JobLease } from '../proto/index.js';
import { type BlockClaim, OPEN_MAX } from './board/block-board.js';

/** What all adapters of `JobQueue`, and all of `BlockBoard`, say alike. */

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

/** Of a claim of a block, as `leaseLost` is of a job's. */
export function ownerLost(ownerId: string, { blockId, token }: BlockClaim): EspalierError {
  return new EspalierError('lease-lost', `${ownerId} no longer owns block ${blockId} (token ${token})`);
}

export function boardFull(blockId: BlockId): EspalierError {
  return new EspalierError('queue-full', `block ${blockId}: ${OPEN_MAX} blocks are open already`, {
    remedy: 'submit it again when some of them have ended',
  });
}

export function warnOfListenerError(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { type: 'ReportListenerWarning' });
}

export const JOBS_MAX_DEFAULT = 1_000_000;
