import type { JobId, ProofRecord } from '../../proto/index.js';
import type { ProofStore } from '../../store/index.js';
import { Bitset, type ProofTree } from '../plan/index.js';
import { neededJobs } from '../schedule/index.js';
import type { StoredProofs } from './stored-proofs.js';

export interface FoundProofs {
  /** Jobs with a sound proof in the store; and those below them whose own proofs, sound or not, are there still. */
  readonly finished: Bitset;
  /** Of the sound ones, without the proof bytes' weight mattering: the store holds few that are needed at once. */
  readonly records: ReadonlyMap<JobId, Omit<ProofRecord, 'proof'>>;
  /** Proofs that were there and could not be used: deleted, to be made again. */
  readonly unsound: readonly { readonly jobId: JobId; readonly message: string }[];
}

/** Proofs read and verified at once: each takes 10 to 40 ms of one core. */
const CONCURRENCY = 4;

/**
 * Looks for the proofs of an earlier run, from the root down: what lies below a sound proof is not needed and not read.
 * A proof that is damaged, not of this key and SRS, or false is deleted and reported. Rejects as soon as `signal` is
 * aborted.
 */
export async function findProofs(
  tree: ProofTree,
  stored: Pick<StoredProofs, 'find'>,
  proofs: Pick<ProofStore, 'listProofs'>,
  signal: AbortSignal,
): Promise<FoundProofs> {
  const finished = new Bitset(tree.size);
  const records = new Map<JobId, Omit<ProofRecord, 'proof'>>();
  const unsound: { jobId: JobId; message: string }[] = [];
  const toLookAt = [tree.root];
  while (toLookAt.length > 0) {
    signal.throwIfAborted();
    await Promise.all(toLookAt.splice(-CONCURRENCY).map(lookAt));
  }
  // A finished block is left as it is.
  if (!finished.has(tree.root)) await addLeftBehind();
  return { finished, records, unsound };

  async function lookAt(job: number): Promise<void> {
    const jobId = tree.jobId(job);
    const { record, fault } = await stored.find(job);
    if (fault !== undefined) unsound.push({ jobId, message: fault });
    if (record === undefined) {
      toLookAt.push(...tree.childJobs(job));
      return;
    }
    finished.add(job);
    const { proof: _proof, ...rest } = record;
    records.set(jobId, rest);
  }

  /** Proofs below sound ones: kept, or not yet deleted when a run was killed. The scheduler knows what to do with them. */
  async function addLeftBehind(): Promise<void> {
    const needed = neededJobs(tree, finished);
    for await (const jobId of proofs.listProofs()) {
      signal.throwIfAborted();
      const job = tree.indexOf(jobId);
      if (job >= 0 && !needed.has(job)) finished.add(job);
    }
  }
}
