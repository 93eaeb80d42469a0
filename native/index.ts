/** Ways to prove, behind the `Prover` port, and the SRS they prove with. */
export { type DoctorCheck, type DoctorNeeds, doctorChecks, freeDiskBytes, LAPTOP_NEEDS } from './machine/doctor.js';
export type { Gpu } from './machine/gpus.js';
export { type Machine, probeMachine } from './machine/machine.js';
export { watchOthers } from './machine/others-load.js';
export { type BbProbe, probeBb } from './machine/probe-bb.js';
export type { CircuitSize, ProveOptions, ProveRequest, ProveResult, Prover, VerifyRequest } from './prover.js';
export { createProver, type ProverChoice } from './provers/create-prover.js';
export { pointsNeeded, proofFields } from './provers/proof-format.js';
export { SIMULATED_PROOF_MARKER, SimulatedProver, type SimulatedProverOptions } from './provers/simulated-prover.js';
export { sampleUsage } from './provers/usage-sampler.js';
export { canonicalPlaces, findCompressed } from './srs/canonical-folder.js';
export { developmentSrsFolder, ensureDevelopmentSrs } from './srs/development.js';
export { type FetchOptions, fetchCanonical } from './srs/fetch-canonical.js';
export { findBb } from './srs/find-bb.js';
export { DEFAULT_POINTS } from './srs/known-srs.js';
export { ensureDevelopmentBb } from './srs/patch-bb.js';
export {
  DEVELOPMENT_WARNING,
  type ResolveSrsOptions,
  resolveSrs,
  type SrsChoice,
  type SrsProgress,
} from './srs/resolve-srs.js';
export type { Srs } from './srs/srs.js';
export { largestCircuit, type SrsFolder } from './srs/srs-folder.js';
export { type SrsStatus, srsStatus } from './srs/srs-status.js';
export { verifierSrs } from './srs/verifier-srs.js';
