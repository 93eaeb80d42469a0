/** Scheduling: a state machine, `event -> commands`. Pure: no clock, no I/O, no randomness. */
export type { JobState } from './block-jobs.js';
export { blockOfWork } from './block-work.js';
export { BUSY_HOLD_MS, deletionCost, type WorkerActivity } from './deletion-cost.js';
export {
  type DemandBlock,
  DemandModel,
  type DemandView,
  type PoolSpec,
  type PoolWorkers,
  type Wanted,
} from './demand.js';
export { type CircuitDurations, DEFAULT_DURATIONS_MS } from './duration-estimates.js';
export type { AddedBlock, BlockSnapshot, LevelSnapshot, SchedulerCommand, SchedulerEvent } from './events.js';
export { type FleetSlots, fleetSlots } from './fleet-slots.js';
export type { BlockForecast, ForecastView } from './forecast.js';
export { JOB_CIRCUITS } from './job-groups.js';
export { neededJobs } from './needed-jobs.js';
export { type BlockOutline, type OutlineMeasures, outlinedBlock } from './outlined-block.js';
export { backoffMs, type RetryPolicy, retryPolicy } from './retry-policy.js';
export { Scheduler } from './scheduler.js';
export { BLOCKS_MAX, type SchedulerOptions } from './scheduler-options.js';
export { STRAGGLER_POLICY, type StragglerPolicy } from './stragglers.js';
