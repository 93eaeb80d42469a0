import type { CircuitName } from '../../proto/index.js';

/** The circuit that a job of a level is taken to have until one was seen, from the words in the level's name. */
export function likelyCircuit(
  levelName: string,
  block: { readonly transactions: number; readonly calls: number } | null,
): CircuitName {
  if (/vm/i.test(levelName)) return 'public-vm';
  if (/kernel/i.test(levelName)) return 'public-kernel-first';
  if (/base/i.test(levelName)) return block?.calls === 0 ? 'base-rollup-private' : 'base-rollup-public';
  if (/root/i.test(levelName)) return block?.transactions === 1 ? 'root-rollup-single' : 'root-rollup';
  return 'merge-rollup';
}

/** Kernels of one transaction prove one after another, all in one level. */
export function isSequential(levelName: string): boolean {
  return /kernel/i.test(levelName);
}
