import { median } from '../manifest/index.js';

/** One way to divide a machine's cores among proofs of one kind. */
export interface Split {
  /** Proofs at a time. */
  readonly proofs: number;
  /** Cores that each of them has. */
  readonly threads: number;
}

/** What a split was seen to do. */
export interface MeasuredSplit extends Split {
  /** From the start of the proofs to the end of the last one, once for each repetition. */
  readonly wallMs: readonly number[];
  /** The most that one proof held; null where the prover does not tell. */
  readonly peakMemoryBytes: number | null;
}

/** 1 × n, 2 × n/2, 4 × n/4, …, n × 1 of the cores. */
export function splitsOf(cores: number): readonly Split[] {
  const splits: Split[] = [];
  for (let proofs = 1; proofs <= cores; proofs *= 2) splits.push({ proofs, threads: Math.floor(cores / proofs) });
  return splits;
}

/** The median over the repetitions. */
export function proofsPerMinute({ proofs, wallMs }: Pick<MeasuredSplit, 'proofs' | 'wallMs'>): number {
  return (60_000 * proofs) / medianOf(wallMs);
}

/** From the start of a proof to its end, beside the others: the median over the repetitions. */
export function proofSeconds({ wallMs }: Pick<MeasuredSplit, 'wallMs'>): number {
  return medianOf(wallMs) / 1_000;
}

/**
 * How much more a split must prove than one with more cores a proof. Each proof of it takes longer, and so does the
 * longest chain of a block, which no number of machines makes up for.
 */
const GAIN_MIN = 1.05;

/** The best of measured splits, which are in the order of `splitsOf`. Throws where there are none. */
export function chooseSplit(measured: readonly MeasuredSplit[]): MeasuredSplit {
  const [first, ...others] = measured;
  if (first === undefined) throw new RangeError('no split was measured');
  return others.reduce((best, split) => {
    return proofsPerMinute(split) > GAIN_MIN * proofsPerMinute(best) ? split : best;
  }, first);
}

function medianOf(values: readonly number[]): number {
  return median(values) ?? Number.NaN;
}
