/** Of a job's inputs, here: its id alone. */
export interface Inputs {
  /** The facade makes the id of a job from it. */
  toBuffer(): Buffer;
}

/** Aztec's `ProofStore`: keeps inputs and proofs outside the broker, which has their addresses. */
export interface ProofStore {
  saveProofInput(id: string, type: number, inputs: unknown): Promise<string>;
  saveProofOutput(id: string, type: number, result: unknown): Promise<string>;
  getProofInput(uri: string): Promise<{ readonly type: number; readonly inputs: unknown }>;
  getProofOutput(uri: string): Promise<{ readonly type: number; readonly result: unknown }>;
}

/** What is looked at here of the broker's RPC. */
export interface BrokerClient {
  enqueueProvingJob(job: unknown): Promise<unknown>;
  reportProvingJobSuccess(...args: readonly unknown[]): Promise<unknown>;
}

/** A method of Aztec's `ServerCircuitProver` for each kind of job that a block's tree is made of here. */
export type ProofMethod =
  | 'getAvmProof'
  | 'getPublicChonkVerifierProof'
  | 'getPrivateTxBaseRollupProof'
  | 'getPublicTxBaseRollupProof'
  | 'getTxMergeRollupProof'
  | 'getRootRollupProof';

export type CircuitProver = Readonly<
  Record<ProofMethod, (inputs: Inputs, signal?: AbortSignal, epoch?: number) => Promise<unknown>>
>;
