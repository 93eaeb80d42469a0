import {
  countThatFit,
  fits,
  type MachineResources,
  minusShare,
  type Profile,
  type ResourceClass,
  type Share,
} from '../proto/index.js';

export function freeOf(machine: MachineResources, held: Iterable<Share>): Share {
  let free: Share = machine;
  for (const share of held) free = minusShare(free, share);
  return free;
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
    if (fits(left, needed)) left = minusShare(left, needed);
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

/**
 * Cores for a proof that starts now and fits `free`: what it needs, and an equal part of the cores that would idle if
 * it and those of `others` (staged jobs, in order) that fit beside it started now with no more than they need.
 */
export function threadsFor(free: Share, needed: Share, others: readonly Share[]): number {
  let left = minusShare(free, needed);
  let starting = 1;
  for (const other of others) {
    if (!fits(left, other)) continue;
    left = minusShare(left, other);
    starting++;
  }
  return needed.cores + Math.floor(left.cores / starting);
}
