import type { ErrorCode } from '../../common/index.js';
import type { ResourceClass } from '../../proto/index.js';
import type { JobCircuit } from '../plan/child-params.js';
import type { CircuitDurations } from './duration-estimates.js';
import type { StragglerPolicy } from './stragglers.js';

export interface SchedulerOptions {
  readonly resourceClassOf: (circuit: JobCircuit) => ResourceClass;
  /** Where a job goes that ran out of memory; undefined where nothing is larger. Default: its own class again. */
  readonly largerClass?: (resourceClass: ResourceClass) => ResourceClass | undefined;
  /** Delete no proof; default false. */
  readonly keepProofs?: boolean;
  /** Expected proving times until they are measured. */
  readonly durationsMs?: CircuitDurations;
  /** Blocks open at once; one more throws `queue-full`. */
  readonly blocksMax?: number;
  /** Other numbers of retries than those of `retry-policy.ts`: that of `store-unavailable`, say, where nobody mends it. */
  readonly retries?: Partial<Record<ErrorCode, number>>;
  /** What takes the place of `STRAGGLER_POLICY`. Second attempts are made only where `capacity` events tell of idle room. */
  readonly stragglers?: Partial<StragglerPolicy>;
}

export const BLOCKS_MAX = 256;
