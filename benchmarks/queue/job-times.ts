import type { JobCircuit } from '../../orchestrator/index.js';
import type { CircuitName, JobId } from '../../proto/index.js';

/** Whole milliseconds that a simulated proof takes: every one, one of each circuit, or about as long as one of its circuit. */
export type JobTimesMs = number | CircuitTimesMs | VaryingTimesMs;

export type CircuitTimesMs = Readonly<Record<JobCircuit, number>>;

export interface VaryingTimesMs {
  readonly byCircuit: CircuitTimesMs;
  /** Evenly by up to this fraction of it either way: which follows from the job's id. */
  readonly jitter: number;
}

export function jobTimeMs(
  times: JobTimesMs,
  { id, circuit }: { readonly id: JobId; readonly circuit: CircuitName },
): number {
  if (typeof times === 'number') return times;
  if (!('byCircuit' in times)) return times[circuit as JobCircuit];
  const { byCircuit, jitter } = times;
  return Math.round(byCircuit[circuit as JobCircuit] * (1 + jitter * (2 * fractionOf(id) - 1)));
}

/** Of `[0, 1)`, as if drawn evenly: FNV-1a, mixed once more since ids differ in little. */
function fractionOf(id: JobId): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
