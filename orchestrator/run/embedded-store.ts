import type { KeySet } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { AbiInputs, JobId, ProofRecord, ProverIdentity } from '../../proto/index.js';
import type { ProofStore } from '../../store/index.js';
import type { PreparedBlock } from './prepare-block.js';

/**
 * What a worker in the orchestrator's own process reads from: inputs are made from the execution when they are asked
 * for and client proofs come from the block, so that neither is written anywhere; all other proofs are the store's.
 */
export class EmbeddedStore {
  readonly #prepared: PreparedBlock;
  readonly #proofs: ProofStore;
  readonly #keys: Pick<KeySet, 'key'>;
  readonly #prover: ProverIdentity;
  readonly #clientProofs: ReadonlyMap<JobId, number>;

  constructor(prepared: PreparedBlock, proofs: ProofStore, keys: Pick<KeySet, 'key'>, prover: ProverIdentity) {
    this.#prepared = prepared;
    this.#proofs = proofs;
    this.#keys = keys;
    this.#prover = prover;
    this.#clientProofs = new Map(
      prepared.block.transactions.map((_, index) => [prepared.tree.clientProofId(index), index]),
    );
  }

  async getInputs(jobId: JobId): Promise<AbiInputs | undefined> {
    const job = this.#prepared.tree.indexOf(jobId);
    return job < 0 ? undefined : this.#prepared.inputs.of(job);
  }

  async getProof(proofId: JobId): Promise<ProofRecord | undefined> {
    const transaction = this.#clientProofs.get(proofId);
    return transaction === undefined ? this.#proofs.getProof(proofId) : this.#clientRecord(proofId, transaction);
  }

  hasProof(jobId: JobId): Promise<boolean> {
    return this.#proofs.hasProof(jobId);
  }

  putProof(record: ProofRecord): Promise<void> {
    return this.#proofs.putProof(record);
  }

  #clientRecord(proofId: JobId, index: number): ProofRecord {
    const transaction = this.#prepared.block.transactions[index];
    if (transaction === undefined) throw new EspalierError('internal', `the block has no transaction ${index}`);
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
      proof: transaction.clientProof.proof,
      publicInputs: [],
    };
  }
}
