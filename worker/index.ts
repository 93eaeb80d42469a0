/** Takes jobs that fit the machine, makes witnesses, proves, verifies, stores, reports. Knows nothing of the protocol. */
export { readInputs } from './child-proofs.js';
export type { ProofTools } from './make-proof.js';
export { WitnessPool } from './witness-pool.js';
export { Worker, type WorkerOptions, type WorkerStatus } from './worker.js';
export { loadWorkerKey } from './worker-key.js';
