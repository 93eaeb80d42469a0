import {
  BYTES_PER_GIB,
  type ClassRequirement,
  type MachineResources,
  type Profile,
  type ResourceClass,
  requirementOf,
} from '../proto/index.js';

/** What one proof holds of a machine, or what is free of it. */
export interface Share {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly gpus: number;
}

export function shareOf(requirement: ClassRequirement): Share {
  return {
    cores: requirement.cores,
    memoryBytes: Math.ceil(requirement.memoryGiB * BYTES_PER_GIB),
    gpus: requirement.gpus,
  };
}

export function freeOf(machine: MachineResources, held: Iterable<Share>): Share {
  let free: Share = machine;
  for (const share of held) free = minus(free, share);
  return free;
}

export function fits(free: Share, needed: Share): boolean {
  return needed.cores <= free.cores && needed.memoryBytes <= free.memoryBytes && needed.gpus <= free.gpus;
}

/** What is left of a machine for one more job. */
export interface Room {
  /** Of what is free, what the staged jobs leave when all that fit have begun. */
  readonly left: Share;
  /** Those of the staged that do not fit, in order: they wait for running proofs to end. */
  readonly waiting: readonly Share[];
}

/** `staged` are the jobs already taken that hold nothing of the machine yet, in order. */
export function roomOf(free: Share, staged: readonly Share[]): Room {
  let left = free;
  const waiting: Share[] = [];
  for (const needed of staged) {
    if (fits(left, needed)) left = minus(left, needed);
    else waiting.push(needed);
  }
  return { left, waiting };
}

/** Which classes of jobs a worker could do with. */
export interface Takeable {
  /** Jobs of these could begin at once. */
  readonly toBegin: readonly ResourceClass[];
  /** Jobs of these would wait here for running proofs to end. */
  readonly toWait: readonly ResourceClass[];
}

/**
 * What could be taken from the queue next.
 *
 * - Some staged job has to wait: it is next, whatever its class, so that small jobs cannot starve a large one, and
 *   nothing is taken to begin before it.
 * - Else the classes that fit beside everything that is running and staged can begin.
 * - Up to `prefetch` jobs may wait while nothing fits: their witnesses are made while the proofs run. Where something
 *   does fit one job of the other classes may wait all the same, since else small jobs could keep it out for ever.
 */
export function takeable(
  profile: Profile,
  offered: readonly ResourceClass[],
  { left, waiting }: Room,
  prefetch: number,
): Takeable {
  const toBegin = waiting.length > 0 ? [] : offered.filter((name) => countThatFit(profile, name, left) > 0);
  const mayWait = waiting.length < prefetch || toBegin.length > 0;
  return { toBegin, toWait: mayWait ? offered.filter((name) => !toBegin.includes(name)) : [] };
}

/** How many jobs of a class fit at once. */
export function countThatFit(profile: Profile, resourceClass: ResourceClass, left: Share): number {
  const needed = shareOf(requirementOf(profile, resourceClass));
  const ratios = (['cores', 'memoryBytes', 'gpus'] as const).filter((what) => needed[what] > 0);
  return Math.max(0, Math.min(...ratios.map((what) => Math.floor(left[what] / needed[what]))));
}

/**
 * Cores for a proof that starts now and fits `free`: what it needs, and an equal part of the cores that would idle if
 * it and those of `others` (staged jobs, in order) that fit beside it started now with no more than they need.
 */
export function threadsFor(free: Share, needed: Share, others: readonly Share[]): number {
  let left = minus(free, needed);
  let starting = 1;
  for (const other of others) {
    if (!fits(left, other)) continue;
    left = minus(left, other);
    starting++;
  }
  return needed.cores + Math.floor(left.cores / starting);
}

function minus(free: Share, share: Share): Share {
  return {
    cores: free.cores - share.cores,
    memoryBytes: free.memoryBytes - share.memoryBytes,
    gpus: free.gpus - share.gpus,
  };
}
