import { type Abi, type CircuitSet, type KeySet, publicInputsOf } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { Prover } from '../../native/index.js';
import { type ProofRecord, samePublicInputs, verifySignature } from '../../proto/index.js';
import type { ProofStore } from '../../store/index.js';
import type { ProofTree } from '../plan/index.js';
import type { JobInputs } from './job-inputs.js';

/** What checking a stored proof takes besides the proof. */
export interface ProofChecks {
  readonly circuits: CircuitSet;
  readonly keys: Pick<KeySet, 'key'>;
  readonly prover: Pick<Prover, 'identity' | 'verify'>;
}

/** `fault`: there was a proof, it could not be used, and it is deleted now. Neither: there is none. */
export interface FoundProof {
  readonly record?: ProofRecord;
  readonly fault?: string;
  /** The worker that vouched, by its signature, for a proof which is whole, of the right key, and false. */
  readonly falseBy?: string;
}

/** The stored proofs of a block, none of which is believed before it was verified: a disk is not the prover. */
export class StoredProofs {
  readonly #tree: ProofTree;
  readonly #inputs: Pick<JobInputs, 'of'>;
  readonly #proofs: Pick<ProofStore, 'getProof' | 'deleteProof'>;
  readonly #checks: ProofChecks;

  constructor(
    { tree, inputs }: { readonly tree: ProofTree; readonly inputs: Pick<JobInputs, 'of'> },
    proofs: Pick<ProofStore, 'getProof' | 'deleteProof'>,
    checks: ProofChecks,
  ) {
    this.#tree = tree;
    this.#inputs = inputs;
    this.#proofs = proofs;
    this.#checks = checks;
  }

  /** By the job's number in the tree. A proof that is damaged, of another proof system or false is deleted. */
  async find(job: number): Promise<FoundProof> {
    const jobId = this.#tree.jobId(job);
    try {
      const record = await this.#proofs.getProof(jobId);
      if (record === undefined) return {};
      await this.#check(job, record);
      return { record };
    } catch (thrown) {
      const { code, message, subject } = EspalierError.from(thrown);
      if (code !== 'store-corrupt') throw thrown;
      await this.#proofs.deleteProof(jobId);
      return subject === undefined ? { fault: message } : { fault: message, falseBy: subject };
    }
  }

  /** Throws `store-corrupt`; its subject is the worker whose proof is false, where it is that. */
  async #check(job: number, record: ProofRecord): Promise<void> {
    const { circuits, keys, prover } = this.#checks;
    const circuit = circuits.circuit(this.#tree.circuit(job));
    const key = keys.key(circuit.spec.name);
    if (record.keyHash !== key.hash) throw unfit(`it was made with key ${record.keyHash}, not ${key.hash}`);
    if (record.prover.srs !== prover.identity.srs) throw unfit(`it was made with the SRS ${record.prover.srs}`);
    const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, this.#inputs.of(job));
    if (!samePublicInputs(record, { publicInputs })) throw unfit('it exposes other values than this job does', record);
    if (!(await prover.verify({ circuit, key, proof: record })))
      throw unfit(`it does not verify with key ${key.hash}`, record);
  }
}

function unfit(what: string, falseProof?: ProofRecord): EspalierError {
  // Whoever can write to the store can write any name there.
  const isSigned = falseProof !== undefined && verifySignature(falseProof);
  return new EspalierError('store-corrupt', `the stored proof cannot be used: ${what}`, {
    ...(isSigned ? { subject: falseProof.workerId } : {}),
  });
}
