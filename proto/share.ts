import { BYTES_PER_GIB } from './built-in-profiles.js';
import type { ResourceClass } from './circuit.js';
import { type ClassRequirement, type Profile, requirementOf } from './profile.js';

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

export function fits(free: Share, needed: Share): boolean {
  return needed.cores <= free.cores && needed.memoryBytes <= free.memoryBytes && needed.gpus <= free.gpus;
}

/** What is left of `free` without `share`. */
export function minusShare(free: Share, share: Share): Share {
  return {
    cores: free.cores - share.cores,
    memoryBytes: free.memoryBytes - share.memoryBytes,
    gpus: free.gpus - share.gpus,
  };
}

/** How many jobs of a class fit at once. */
export function countThatFit(profile: Profile, resourceClass: ResourceClass, left: Share): number {
  return countOfShares(left, shareOf(requirementOf(profile, resourceClass)));
}

/** How many such shares fit at once. */
export function countOfShares(left: Share, needed: Share): number {
  let count = Math.floor(left.cores / needed.cores);
  count = Math.min(count, Math.floor(left.memoryBytes / needed.memoryBytes));
  if (needed.gpus > 0) count = Math.min(count, Math.floor(left.gpus / needed.gpus));
  return Math.max(0, count);
}
