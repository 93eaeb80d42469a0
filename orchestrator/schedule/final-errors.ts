import { EspalierError, type SerializedError } from '../../common/index.js';
import type { JobId } from '../../proto/index.js';
import { isMachineFault, isTroubleOutside } from './retry-policy.js';

/**
 * The reason to give for a job that failed for good. Trouble outside, and what is wrong with a machine, are given as they
 * are: the job is not at fault, and they say what to mend.
 */
export function exhausted(jobId: JobId, error: SerializedError, failures: number, retries: number): SerializedError {
  if (retries === 0 || isTroubleOutside(error.code) || isMachineFault(error.code)) return error;
  return {
    code: 'attempts-exhausted',
    message: `${jobId} failed ${failures} times with ${error.code}; the last time: ${error.message}`,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}

/** The job may be what kills the machines, so it is given to no other. */
export function quarantined(jobId: JobId, machines: readonly string[]): SerializedError {
  return {
    code: 'job-quarantined',
    message: `job ${jobId} was being proven when workers on two machines died: ${machines.join(', ')}`,
    remedy: `look into it on a machine of its own: espalier replay ${jobId}`,
  };
}

/** A proof that vanishes however often it is made. */
export function lostAgainAndAgain(jobId: JobId, times: number): SerializedError {
  return {
    code: 'store-corrupt',
    message: `the stored proof of ${jobId} was lost ${times} times`,
    remedy: 'check the disk or the storage service, then run the same command again',
  };
}

/** The answer to whoever adds a block too many. */
export function tooManyBlocks(open: number, blocksMax: number): EspalierError {
  return new EspalierError('queue-full', `${open} blocks are open, and ${blocksMax} may be`, {
    remedy: 'submit the block again when one of them has ended',
  });
}
