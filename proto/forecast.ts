import type { ResourceClass } from './circuit.js';

/** How far one level of the tree is; `jobs - done - running` wait. */
export interface LevelProgress {
  readonly name: string;
  readonly jobs: number;
  readonly done: number;
  readonly running: number;
}

/** What is asked of one class of worker, and what there is of it. */
export interface ClassDemand {
  readonly resourceClass: ResourceClass;
  /** In the queue, and proven by no worker yet. */
  readonly queued: number;
  readonly running: number;
  /** Jobs that become ready within `soonMs`, as things are. */
  readonly soon: number;
  readonly soonMs: number;
  /** Proofs of this class that the living workers can make at once. */
  readonly slots: number;
}

export type LatenessCause = 'workers' | 'older-blocks' | 'critical-path' | 'deadline-passed';

/** Why a block will be late. */
export interface Lateness {
  readonly cause: LatenessCause;
  /** The class that is short; null where it is none. */
  readonly resourceClass: ResourceClass | null;
  /** How many more proofs of that class would have to be made at once from now on to be in time, at least. */
  readonly missingSlots: number;
  /** How many more workers of the size of those that are there, or of one slot each, that takes. */
  readonly missingWorkers: number;
  /** For people, one sentence. */
  readonly message: string;
}

/** When a block's root will land, from measured times and the fleet as it is. Times in milliseconds since the epoch. */
export interface Forecast {
  /** null: never, as things are. */
  readonly rootAtMs: number | null;
  readonly demand: readonly ClassDemand[];
  /** null while it will be in time, or has no deadline. */
  readonly late: Lateness | null;
}

/** The proving window of a block whose submitter names none (the RFP in shared/seeds: 8 minutes). */
export const PROVING_WINDOW_DEFAULT_MS = 480_000;
