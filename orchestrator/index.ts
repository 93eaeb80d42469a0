/** Executes blocks, plans their proof trees, schedules the jobs, and recovers what was interrupted. */

export * from './api/index.js';
export * from './block/index.js';
export * from './cluster/index.js';
export * from './execute/index.js';
export * from './fleet/index.js';
export * from './plan/index.js';
export * from './run/index.js';
export * from './sample/index.js';
export * from './schedule/index.js';
