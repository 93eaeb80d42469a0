import type { KeySet } from '../circuits/index.js';
import { EspalierError } from '../common/index.js';
import {
  type AbiInputs,
  type ChildProof,
  fieldsFromBytes,
  type Job,
  type JobId,
  type ProofRecord,
} from '../proto/index.js';
import type { ProofStore } from '../store/index.js';

/** What is read of a child's proof. */
type ReadProof = Pick<ProofRecord, 'keyHash' | 'proof'>;

/** Where it is read: a `ProofStore`, or less than one. */
interface ProofSource extends Pick<ProofStore, 'getInputs'> {
  getProof(proofId: JobId): Promise<ReadProof | undefined>;
}

/** The inputs of a job with its child proofs put in, as `{ vk, proof }` under each child's parameter. */
export async function readInputs(job: Job, store: ProofSource, keys: Pick<KeySet, 'key'>): Promise<AbiInputs> {
  const [inputs, ...proofs] = await Promise.all([
    store.getInputs(job.id),
    ...job.children.map((child) => readChild(job, child, store, keys)),
  ]);
  if (inputs === undefined) throw new EspalierError('store-corrupt', `job ${job.id}: its inputs are not in the store`);
  return { ...inputs, ...Object.fromEntries(proofs) };
}

/** Rejects with `store-corrupt`, the child's id as its subject, where a child's proof is of no use. */
async function readChild(job: Job, child: ChildProof, store: ProofSource, keys: Pick<KeySet, 'key'>) {
  const key = keys.key(child.circuit);
  const record = await readProof(job, child, store);
  if (record.keyHash !== key.hash) {
    throw unusable(job, child, `was made with key ${record.keyHash} and not with ${key.hash}`);
  }
  return [child.param, { vk: key.fields, proof: fieldsFromBytes(record.proof) }] as const;
}

async function readProof(job: Job, child: ChildProof, store: ProofSource): Promise<ReadProof> {
  let record: ReadProof | undefined;
  try {
    record = await store.getProof(child.proofId);
  } catch (thrown) {
    const error = EspalierError.from(thrown);
    if (error.code !== 'store-corrupt') throw error;
    throw unusable(job, child, `is corrupt: ${error.message}`, error);
  }
  if (record === undefined) throw unusable(job, child, 'is not in the store');
  return record;
}

function unusable(job: Job, child: ChildProof, what: string, cause?: unknown): EspalierError {
  const message = `job ${job.id}: the child proof ${child.proofId} (${child.param}) ${what}`;
  return new EspalierError('store-corrupt', message, { subject: child.proofId, cause });
}
