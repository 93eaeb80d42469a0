/** The state tree that blocks are executed on. */
export type { SiblingPath } from './sibling-path.js';
export { type Checkpoint, StateTree } from './state-tree.js';
