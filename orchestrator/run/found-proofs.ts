import type { KeySet } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { JobId, ProofRecord, ProverIdentity } from '../../proto/index.js';
import type { ProofStore } from '../../store/index.js';
import { Bitset, type ProofTree } from '../plan/index.js';
import { neededJobs } from '../schedule/index.js';

export interface FoundProofs {
  /** Jobs with a sound proof in the store; and those below them whose own proofs, sound or not, are there still. */
  readonly finished: Bitset;
  /** Of the sound ones, without the proof bytes' weight mattering: the store holds few that are needed at once. */
  readonly records: ReadonlyMap<JobId, Omit<ProofRecord, 'proof'>>;
  /** Proofs that were there and could not be used: deleted, to be made again. */
  readonly unsound: readonly { readonly jobId: JobId; readonly message: string }[];
}

/**
 * Looks for the proofs of an earlier run, from the root down: what lies below a sound proof is not needed and not read.
 * A proof that is damaged, or not of this key and SRS, is deleted and reported.
 */
export async function findProofs(
  tree: ProofTree,
  proofs: Pick<ProofStore, 'getProof' | 'deleteProof' | 'listProofs'>,
  keys: Pick<KeySet, 'key'>,
  identity: ProverIdentity,
): Promise<FoundProofs> {
  const finished = new Bitset(tree.size);
  const records = new Map<JobId, Omit<ProofRecord, 'proof'>>();
  const unsound: { jobId: JobId; message: string }[] = [];
  const toLookAt = [tree.root];
  for (let job = toLookAt.pop(); job !== undefined; job = toLookAt.pop()) {
    const jobId = tree.jobId(job);
    const found = await readSound(jobId);
    if (found !== undefined) {
      finished.add(job);
      const { proof: _proof, ...record } = found;
      records.set(jobId, record);
    } else {
      toLookAt.push(...tree.childJobs(job));
    }
  }
  // A finished block is left as it is.
  if (!finished.has(tree.root)) await addLeftBehind();
  return { finished, records, unsound };

  /** Proofs below sound ones: kept, or not yet deleted when a run was killed. The scheduler knows what to do with them. */
  async function addLeftBehind(): Promise<void> {
    const needed = neededJobs(tree, finished);
    for await (const jobId of proofs.listProofs()) {
      const job = tree.indexOf(jobId);
      if (job >= 0 && !needed.has(job)) finished.add(job);
    }
  }

  async function readSound(jobId: JobId): Promise<ProofRecord | undefined> {
    try {
      const record = await proofs.getProof(jobId);
      if (record === undefined) return undefined;
      const expected = keys.key(record.circuit).hash;
      if (record.keyHash !== expected) throw unfit(`it was made with key ${record.keyHash}, not ${expected}`);
      if (record.prover.srs !== identity.srs) throw unfit(`it was made with the SRS ${record.prover.srs}`);
      return record;
    } catch (thrown) {
      const error = EspalierError.from(thrown);
      if (error.code !== 'store-corrupt') throw error;
      unsound.push({ jobId, message: error.message });
      await proofs.deleteProof(jobId);
      return undefined;
    }
  }
}

function unfit(what: string): EspalierError {
  return new EspalierError('store-corrupt', `the stored proof cannot be used: ${what}`);
}
