/** The contract: the types of a block, a circuit, a job and a proof that every other part shares. */

export * from './block/index.js';
export * from './block.js';
export * from './block-events.js';
export * from './block-part.js';
export * from './block-view.js';
export * from './block-work.js';
export * from './built-in-profiles.js';
export * from './circuit.js';
export * from './cluster.js';
export * from './codec/index.js';
export * from './events.js';
export * from './field.js';
export * from './forecast.js';
export * from './inputs.js';
export * from './job.js';
export * from './level-counts.js';
export * from './limits.js';
export * from './profile.js';
export * from './proof.js';
export { parsePrivateKey, publicKeyOf, signProof, verifySignature } from './proof-signature.js';
export * from './proof-summary.js';
export * from './share.js';
export * as wire from './wire.js';
