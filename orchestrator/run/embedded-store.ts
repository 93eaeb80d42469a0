import type { KeySet } from '../../circuits/index.js';
import type { AbiInputs, JobId, ProofRecord, ProverIdentity } from '../../proto/index.js';
import type { ProofStore } from '../../store/index.js';
import { ClientProofs } from './client-proofs.js';
import type { PreparedBlock } from './prepare-block.js';

/**
 * What a worker in the orchestrator's own process reads from: inputs are made from the execution when they are asked
 * for and client proofs come from the block, so that neither is written anywhere; all other proofs are the store's.
 */
export class EmbeddedStore {
  readonly #prepared: PreparedBlock;
  readonly #proofs: ProofStore;
  readonly #clientProofs: ClientProofs;

  constructor(prepared: PreparedBlock, proofs: ProofStore, keys: Pick<KeySet, 'key'>, prover: ProverIdentity) {
    this.#prepared = prepared;
    this.#proofs = proofs;
    this.#clientProofs = new ClientProofs(prepared, keys, prover);
  }

  async getInputs(jobId: JobId): Promise<AbiInputs | undefined> {
    const job = this.#prepared.tree.indexOf(jobId);
    return job < 0 ? undefined : this.#prepared.inputs.of(job);
  }

  async getProof(proofId: JobId): Promise<ProofRecord | undefined> {
    return (await this.#clientProofs.find(proofId)) ?? this.#proofs.getProof(proofId);
  }

  hasProof(jobId: JobId): Promise<boolean> {
    return this.#proofs.hasProof(jobId);
  }

  putProof(record: ProofRecord): Promise<void> {
    return this.#proofs.putProof(record);
  }
}
