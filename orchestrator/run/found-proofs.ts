import { type JobId, type ProofSummary, summaryOf } from '../../proto/index.js';
import type { ProofStore } from '../../store/index.js';
import { Bitset, type ProofTree } from '../plan/index.js';
import { neededJobs } from '../schedule/index.js';
import type { StoredProofs } from './stored-proofs.js';

export interface FoundProofs {
  /** Jobs with a usable proof in the store; and those below them whose own proofs, sound or not, are there still. */
  readonly finished: Bitset;
  /** Who made those that were verified now. */
  readonly summaries: ReadonlyMap<JobId, ProofSummary>;
  /** Jobs below usable ones whose proofs are there still, sound or not. */
  readonly leftBehind: readonly JobId[];
  /** Proofs that were there and could not be used: deleted, to be made again. */
  readonly unsound: readonly { readonly jobId: JobId; readonly message: string }[];
}

/** Proofs read and verified at once: each takes 10 to 40 ms of one core. */
const CONCURRENCY = 4;

export interface FindProofsOptions {
  readonly signal: AbortSignal;
  /**
   * Jobs whose proofs an earlier owner accepted. Where such a proof is listed it is taken for what it was, unread, as that
   * owner would if it lived: their ids say which keys, SRS and content they are of; what was damaged since is found by the
   * job that reads it, and proven again. Not the root's, which nobody reads.
   */
  readonly accepted?: ReadonlySet<JobId>;
}

/**
 * Looks for the proofs of an earlier run, from the root down: what lies below a usable proof is not needed and not read,
 * nor is what the store does not list. A proof is usable if it is sound, or `accepted`. One that is read and is damaged,
 * not of this key and SRS, or false is deleted and reported. Rejects as soon as `signal` is aborted.
 */
export async function findProofs(
  tree: ProofTree,
  stored: Pick<StoredProofs, 'find'>,
  proofs: Pick<ProofStore, 'listProofs'>,
  { signal, accepted = new Set() }: FindProofsOptions,
): Promise<FoundProofs> {
  const finished = new Bitset(tree.size);
  const summaries = new Map<JobId, ProofSummary>();
  const unsound: { jobId: JobId; message: string }[] = [];
  const isFinished = await isSound(tree.root);
  signal.throwIfAborted();
  const { listed, trusted } = await listedJobs();
  const toLookAt = isFinished ? [] : [...tree.childJobs(tree.root)];
  while (toLookAt.length > 0) {
    signal.throwIfAborted();
    await Promise.all(takeUnverified().map(verify));
  }
  const needed = neededJobs(tree, finished);
  const leftBehind: JobId[] = [];
  for (let job = 0; job < tree.size; job++) {
    if (!listed.has(job) || needed.has(job) || finished.has(job)) continue;
    leftBehind.push(tree.jobId(job));
    // Kept, or not yet deleted when a run was killed: the scheduler knows what to do with them. A finished block is left
    // as it is.
    if (!isFinished) finished.add(job);
  }
  return { finished, summaries, leftBehind, unsound };

  /** The next few that have to be read. Most need not be, and there are hundreds of thousands of them. */
  function takeUnverified(): readonly number[] {
    const unverified: number[] = [];
    while (unverified.length < CONCURRENCY) {
      const job = toLookAt.pop();
      if (job === undefined) break;
      if (!listed.has(job)) toLookAt.push(...tree.childJobs(job));
      else if (trusted.has(job)) finished.add(job);
      else unverified.push(job);
    }
    return unverified;
  }

  async function verify(job: number): Promise<void> {
    if (!(await isSound(job))) toLookAt.push(...tree.childJobs(job));
  }

  async function isSound(job: number): Promise<boolean> {
    const jobId = tree.jobId(job);
    const { record, fault } = await stored.find(job);
    if (fault !== undefined) unsound.push({ jobId, message: fault });
    if (record === undefined) return false;
    finished.add(job);
    summaries.set(jobId, summaryOf(record));
    return true;
  }

  async function listedJobs(): Promise<{ readonly listed: Bitset; readonly trusted: Bitset }> {
    const [listed, trusted] = [new Bitset(tree.size), new Bitset(tree.size)];
    for await (const jobId of proofs.listProofs()) {
      signal.throwIfAborted();
      const job = tree.indexOf(jobId);
      if (job < 0) continue;
      listed.add(job);
      if (accepted.has(jobId)) trusted.add(job);
    }
    return { listed, trusted };
  }
}
