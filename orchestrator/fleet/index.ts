/** Simulated fleets: the scheduler that runs in production, in virtual time. Pure: no clock, no I/O, no randomness. */
export { FleetSimulation, type FleetSimulationOptions, type SimulationWatcher } from './fleet-simulation.js';
export type { LevelTime, SpentTime } from './level-times.js';
export { classesOn, type MachineCount, type MachineKind, slotsFor } from './machines.js';
export { type ProofFate, ProofFates } from './proof-fates.js';
export { calmTimes, type DurationLaw, isRandom, meanMs, type ProofTimes } from './proof-times.js';
export { type BlockRun, type BlockSimulation, simulateBlock } from './simulate-block.js';
export { type KindUsage, SimulatedFleet } from './simulated-fleet.js';
export {
  COUNT_TOLERANCE,
  type FleetSearch,
  type FleetSize,
  type RentedKind,
  sizeFleet,
  usualWorkload,
} from './size-fleet.js';
export { type LowerBound, Workload } from './workload.js';
