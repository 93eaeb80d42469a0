import { type AlikeJobs, type DurationOfCircuit, makespanBoundMs } from '../plan/paths.js';
import type { BlockJobs } from './block-jobs.js';

/**
 * Milliseconds until the root of `block` is proven by `slots` proofs at a time, if the older of `blocks` go first: the
 * lower bound of `makespanBoundMs`, which longest-path-first comes close to.
 */
export function remainingTimeMs(
  block: BlockJobs,
  blocks: Iterable<BlockJobs>,
  slots: number,
  durationOf: DurationOfCircuit,
  nowMs: number,
): number {
  const remaining = (of: BlockJobs): Iterable<AlikeJobs> => of.remainingJobs(durationOf, nowMs);
  let workBeforeMs = 0;
  for (const other of blocks) {
    if (other.ageRank >= block.ageRank) continue;
    for (const { count, durationMs } of remaining(other)) workBeforeMs += count * durationMs;
  }
  return makespanBoundMs(remaining(block), Math.max(1, slots), workBeforeMs);
}
