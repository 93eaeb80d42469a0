import type { JobId } from '../../proto/index.js';
import { ClientProofs, clientProofIdOf, type PreparedBlock, type PrepareTools } from '../run/index.js';
import type { ClusterPorts } from './cluster-ports.js';

/** What jobs read from the store besides the proofs of other jobs: their inputs, and the client proofs. */
export class JobBlobs {
  readonly #proofs: ClusterPorts['proofs'];
  readonly #tools: Pick<PrepareTools, 'keys' | 'prover'>;

  constructor(proofs: ClusterPorts['proofs'], tools: Pick<PrepareTools, 'keys' | 'prover'>) {
    this.#proofs = proofs;
    this.#tools = tools;
  }

  async put(prepared: PreparedBlock, jobId: JobId): Promise<void> {
    const { tree, inputs } = prepared;
    const { keys, prover } = this.#tools;
    const client = await new ClientProofs(prepared, keys, prover.identity).of(jobId);
    await Promise.all([
      this.#proofs.putInputs(jobId, inputs.of(tree.indexOf(jobId))),
      client === undefined ? undefined : this.#proofs.putProof(client),
    ]);
  }

  async delete(jobId: JobId): Promise<void> {
    const clientId = clientProofIdOf(jobId);
    await this.#proofs.deleteInputs(jobId);
    if (clientId !== undefined) await this.#proofs.deleteProof(clientId);
  }
}
