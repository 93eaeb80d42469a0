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

/**
 * What to take from the queue next. `staged` are the jobs already taken that hold nothing of the machine yet, in order.
 *
 * - Some staged job has to wait for a running proof to end: it is next, whatever its class, so that small jobs cannot
 *   starve a large one. No more than `prefetch` jobs are taken to wait like that.
 * - Else the classes that fit beside everything that is running and staged.
 * - Where none does, any class this machine can ever prove, to wait: its witness is made while the proofs run.
 */
export function classesToTake(
  profile: Profile,
  offered: readonly ResourceClass[],
  free: Share,
  staged: readonly Share[],
  prefetch: number,
): readonly ResourceClass[] {
  let left = free;
  let waiting = 0;
  for (const needed of staged) {
    if (fits(left, needed)) left = minus(left, needed);
    else waiting++;
  }
  if (waiting === 0) {
    const fitting = offered.filter((name) => fits(left, shareOf(requirementOf(profile, name))));
    if (fitting.length > 0) return fitting;
  }
  return waiting < prefetch ? offered : [];
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
