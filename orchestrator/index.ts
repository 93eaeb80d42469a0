/** Executes blocks, plans their proof trees, schedules the jobs, and recovers what was interrupted. */
export * from './plan/index.js';
