import type { KeySet } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { JobId, ProofRecord, ProverIdentity } from '../../proto/index.js';
import type { PreparedBlock } from './prepare-block.js';

/** The client proofs of a block as records, as whoever proves over them reads them: read whenever they are asked for. */
export class ClientProofs {
  readonly #prepared: Pick<PreparedBlock, 'source' | 'tree'>;
  readonly #keys: Pick<KeySet, 'key'>;
  readonly #prover: ProverIdentity;

  constructor(prepared: Pick<PreparedBlock, 'source' | 'tree'>, keys: Pick<KeySet, 'key'>, prover: ProverIdentity) {
    this.#prepared = prepared;
    this.#keys = keys;
    this.#prover = prover;
  }

  /** undefined where this is no client proof of the block. */
  async find(proofId: JobId): Promise<ProofRecord | undefined> {
    const { source, tree } = this.#prepared;
    const index = Number(/^client\.(\d+)\./.exec(proofId)?.[1] ?? -1);
    const isHere = index >= 0 && index < tree.transactions && tree.clientProofId(index) === proofId;
    if (!isHere) return undefined;
    const { clientProof } = await source.transaction(index);
    return {
      jobId: proofId,
      circuit: 'client',
      keyHash: this.#keys.key('client').hash,
      // Verified with this prover before any work began; who made it is its sender's business.
      prover: this.#prover,
      workerId: 'client',
      startedAtMs: 0,
      finishedAtMs: 0,
      threads: 1,
      usage: { wallMs: 0, cpuMs: null, peakMemoryBytes: null },
      timings: { queuedMs: 0, witnessMs: 0, proveMs: 0, verifyMs: 0, storeMs: 0 },
      attempts: 1,
      signature: null,
      proof: clientProof.proof,
      publicInputs: [],
    };
  }

  /** Of the job with this id; undefined where it verifies none. */
  async of(jobId: JobId): Promise<ProofRecord | undefined> {
    const proofId = clientProofIdOf(jobId);
    if (proofId === undefined) return undefined;
    const record = await this.find(proofId);
    if (record === undefined) throw new EspalierError('internal', `the block has no client proof ${proofId}`);
    return record;
  }
}

const VERIFIES_CLIENT =
  /^(?:public-kernel-first\.(?<kernel>\d+)\.0|base-rollup-private\.(?<base>\d+))\.(?<lineage>.+)$/;

/** The client proof that a job verifies, told by the job's id alone; undefined where it verifies none. */
export function clientProofIdOf(jobId: JobId): JobId | undefined {
  const { kernel, base, lineage } = VERIFIES_CLIENT.exec(jobId)?.groups ?? {};
  return lineage === undefined ? undefined : `client.${kernel ?? base}.${lineage}`;
}
