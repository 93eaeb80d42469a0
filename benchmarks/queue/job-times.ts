import type { JobCircuit } from '../../orchestrator/index.js';
import type { CircuitName } from '../../proto/index.js';

/** Whole milliseconds that a simulated proof takes: every one, or one of each circuit. */
export type JobTimesMs = number | Readonly<Record<JobCircuit, number>>;

export function jobTimeMs(times: JobTimesMs, circuit: CircuitName): number {
  return typeof times === 'number' ? times : times[circuit as JobCircuit];
}
