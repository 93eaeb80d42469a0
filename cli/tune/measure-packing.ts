import type { ProveRequest, Prover } from '../../native/index.js';
import type { MeasuredSplit, Split } from './split.js';

export interface MeasurePackingOptions {
  readonly splits: readonly Split[];
  readonly repetitions: number;
  /** What the proofs of a split may hold together: those that would not fit are left out. */
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
  /** Told before each split is tried, and of what is left out. */
  readonly onSplit: (split: Split, repetition: number, isLeftOut: boolean) => void;
}

/**
 * Makes the same proof in each split of the cores, as many at once as the split has, the splits in turn and each once a
 * repetition. Resolves with those that fit the memory; the first, one proof at a time, always does.
 */
export async function measurePacking(
  prover: Pick<Prover, 'prove'>,
  request: ProveRequest,
  { splits, repetitions, memoryBytes, signal, onSplit }: MeasurePackingOptions,
): Promise<readonly MeasuredSplit[]> {
  const measured = new Map<Split, { readonly wallMs: number[]; peakMemoryBytes: number | null }>();
  let largestBytes = 0;
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const split of splits) {
      const isLeftOut = split.proofs > 1 && split.proofs * largestBytes > memoryBytes;
      onSplit(split, repetition, isLeftOut);
      if (isLeftOut) continue;
      const startedMs = performance.now();
      const made = await Promise.all(
        Array.from({ length: split.proofs }, () => prover.prove(request, { threads: split.threads, signal })),
      );
      const known = measured.get(split) ?? { wallMs: [], peakMemoryBytes: null };
      measured.set(split, known);
      known.wallMs.push(performance.now() - startedMs);
      for (const { usage } of made) {
        if (usage.peakMemoryBytes === null) continue;
        known.peakMemoryBytes = Math.max(known.peakMemoryBytes ?? 0, usage.peakMemoryBytes);
        largestBytes = Math.max(largestBytes, usage.peakMemoryBytes);
      }
    }
  }
  return [...measured].map(([split, values]) => ({ ...split, ...values }));
}
