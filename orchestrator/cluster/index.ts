/** Drives the blocks of a cluster: claims them, proves them through queue and store, ends and forgets them. */

export type { BlockOverview } from './block-overview.js';
export { type ForgetStores, forgetBlock } from './forget-block.js';
export { idleCapacity } from './idle-capacity.js';
export { hasEnded } from './leaving-board.js';
export { Orchestrator } from './orchestrator.js';
export type { OrchestratorOptions } from './orchestrator-options.js';
export { type SubmitOptions, type SubmitPorts, submitBlock, submitParts, submitReceived } from './submit-block.js';
