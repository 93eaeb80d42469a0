/** The state tree that blocks are executed on. */
export { SiblingPath, SiblingPaths } from './sibling-path.js';
export { type Checkpoint, StateTree } from './state-tree.js';
