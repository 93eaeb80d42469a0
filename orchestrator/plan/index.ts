/** Planning: `block -> tree`. Pure: no clock, no I/O, no randomness. */
export { Bitset } from './bitset.js';
export { CHILD_PARAMS, type JobCircuit } from './child-params.js';
export {
  type AlikeJobs,
  criticalPathMs,
  type DurationOfCircuit,
  makespanBoundMs,
  remainingPathMs,
  remainingPathOf,
} from './paths.js';
export { type BlockShape, planBlock } from './plan-block.js';
export type { JobPlace, ProofTree } from './proof-tree.js';
