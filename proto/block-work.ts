import type { CircuitName, ResourceClass } from './circuit.js';

/** Jobs of one circuit with equally long ways to the root, as far as they are to be proven yet. */
export interface WorkGroup {
  readonly circuit: CircuitName;
  readonly resourceClass: ResourceClass;
  /** What one proof takes. */
  readonly durationMs: number;
  /** What one of them and all above it take. */
  readonly pathMs: number;
  /** Those that are still to begin, and how many of them could. */
  readonly waiting: number;
  readonly ready: number;
  readonly running: number;
  /** What is left of those that run, in milliseconds: `WORK_SAMPLE_MAX` of them at most, evenly chosen, shortest first. */
  readonly leftMs: readonly number[];
  /** Groups of children by their place in the list, in roles: each job waits for one of every role. */
  readonly roles: readonly (readonly number[])[];
}

/** What is left of a block: all that can be said of how many workers it has use for, and when. Some kilobytes as JSON. */
export interface BlockWork {
  /** The part of its work that no older block does as well. */
  readonly ownShare: number;
  /** Children before parents, the longest way to the root first; the root's is the last. */
  readonly groups: readonly WorkGroup[];
}

export const WORK_SAMPLE_MAX = 8;
/** More than any tree has: depth bounds it. */
export const WORK_GROUPS_MAX = 1_024;
