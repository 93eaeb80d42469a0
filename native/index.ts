/** Ways to prove, behind the `Prover` port, and the SRS they prove with. */
export type { CircuitSize, ProveOptions, Prover, ProveRequest, ProveResult, VerifyRequest } from './prover.js';
export { createProver, type ProverChoice } from './provers/create-prover.js';
export { SIMULATED_PROOF_MARKER, SimulatedProver, type SimulatedProverOptions } from './provers/simulated-prover.js';
export type { Srs } from './srs/srs.js';
