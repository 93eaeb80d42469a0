import { eachAtOnce } from '../../common/index.js';
import type { BlockResult, JobId } from '../../proto/index.js';
import type { ProofStore } from '../../store/index.js';
import type { ProofTree } from '../plan/index.js';
import { clientProofIdOf } from '../run/index.js';

/** Blobs deleted at once. */
const DELETIONS_AT_ONCE = 16;

export type SweepableStore = Pick<ProofStore, 'listProofs' | 'listInputs' | 'deleteProof' | 'deleteInputs'>;

/** What is kept of an ended block; all else that the store has of its tree is deleted. */
export interface Keep {
  readonly proof: (jobId: JobId) => boolean;
  readonly inputs: (jobId: JobId) => boolean;
}

/**
 * - A proven block leaves its root, or all proofs of jobs if `keepProofs`, or those that `isKept` says.
 * - One that failed leaves its proofs, and what `espalier replay` needs of the job that failed.
 * - A cancelled one leaves its proofs.
 *
 * `isNeeded`: what others still need is kept in any case.
 */
export function keepAfter(
  { state, rootId, failedJob }: Pick<BlockResult, 'state' | 'rootId' | 'failedJob'>,
  keepProofs: boolean,
  isNeeded: (jobId: JobId) => boolean,
  isKept: (jobId: JobId) => boolean = () => false,
): Keep {
  const failedClient = failedJob === null ? undefined : clientProofIdOf(failedJob);
  return {
    proof: (jobId) => {
      if (isNeeded(jobId) || jobId === rootId || jobId === failedClient) return true;
      return !isClientProof(jobId) && (keepProofs || state !== 'proven' || isKept(jobId));
    },
    inputs: (jobId) => isNeeded(jobId) || jobId === failedJob,
  };
}

/** Deletes what the store has of a tree, client proofs and inputs included, but for what is to be kept. */
export async function sweepTree(tree: ProofTree, store: SweepableStore, keep: Keep): Promise<void> {
  await eachAtOnce(store.listInputs(), DELETIONS_AT_ONCE, async (jobId) => {
    if (tree.indexOf(jobId) >= 0 && !keep.inputs(jobId)) await store.deleteInputs(jobId);
  });
  await eachAtOnce(store.listProofs(), DELETIONS_AT_ONCE, async (jobId) => {
    if (isOfTree(tree, jobId) && !keep.proof(jobId)) await store.deleteProof(jobId);
  });
}

/** Whether a tree has a job, or a transaction with a client proof, of this id. */
export function isOfTree(tree: ProofTree, jobId: JobId): boolean {
  if (!isClientProof(jobId)) return tree.indexOf(jobId) >= 0;
  const transaction = Number(jobId.split('.')[1]);
  const exists = Number.isInteger(transaction) && transaction >= 0 && transaction < tree.transactions;
  return exists && tree.clientProofId(transaction) === jobId;
}

function isClientProof(jobId: JobId): boolean {
  return jobId.startsWith('client.');
}
