/** Scheduling: a state machine, `event -> commands`. Pure: no clock, no I/O, no randomness. */
export type { JobState } from './block-jobs.js';
export { type CircuitDurations, DEFAULT_DURATIONS_MS } from './duration-estimates.js';
export type { BlockSnapshot, LevelSnapshot, SchedulerCommand, SchedulerEvent } from './events.js';
export { neededJobs } from './needed-jobs.js';
export { backoffMs, type RetryPolicy, retryPolicy } from './retry-policy.js';
export { BLOCKS_MAX, Scheduler, type SchedulerOptions } from './scheduler.js';
