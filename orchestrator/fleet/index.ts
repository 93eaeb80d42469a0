/** Simulated fleets: the scheduler that runs in production, in virtual time. Pure: no clock, no I/O, no randomness. */
export { FleetSimulation, type FleetSimulationOptions, type SimulationWatcher } from './fleet-simulation.js';
export type { LevelTime, SpentTime } from './level-times.js';
export { classesOn, type MachineCount, type MachineKind, slotsFor, USUAL_MACHINES } from './machines.js';
export { AUTOSCALER_DEFAULTS, type AutoscalerTiming } from './pod-autoscaler.js';
export type { Losses, PodTiming, PoolPlan } from './pod-pool.js';
export { calmTimes, type DurationLaw, isRandom, type ProofTimes } from './proof-times.js';
export { type BlockRun, type BlockSimulation, simulateBlock } from './simulate-block.js';
export {
  type ComingBlock,
  type PoolRun,
  type ScalingDecision,
  type ScalingMoment,
  type ScalingRule,
  type ScalingRun,
  type ScalingSimulation,
  simulateScaling,
} from './simulate-scaling.js';
export { type KindUsage, SimulatedFleet } from './simulated-fleet.js';
export { type FleetSearch, type FleetSize, type RentedKind, sizeFleet } from './size-fleet.js';
export { type LowerBound, Workload } from './workload.js';
