import { CIRCUIT_NAMES, type CircuitName, type Profile, type ResourceUsage } from '../../proto/index.js';
import { median } from '../median.js';
import type { Row } from '../scope.js';
import type { Comparison } from './compare.js';
import { type TimeSpent, timeSpent } from './time-spent.js';

/** Espalier's wall time against bare `bb prove` one after another. */
const RATIO_MAX = 1;

type Measure<T> = (value: T) => number;

/** The whole: the ratio and where the time went; then each circuit. */
export function provingRows(comparisons: readonly Comparison[]): readonly Row[] {
  const circuits = CIRCUIT_NAMES.filter((name) => comparisons[0]?.bare.some(({ circuit }) => circuit === name));
  return [...wholeRows(comparisons), ...circuits.flatMap((circuit) => circuitRows(circuit, comparisons))];
}

function wholeRows(comparisons: readonly Comparison[]): readonly Row[] {
  const row = (what: string, unit: string, measure: Measure<Comparison>): Row => ({
    name: `proving/demo/${what}`,
    unit,
    ...median(comparisons.map(measure)),
  });
  const spent = (part: keyof TimeSpent) => (comparison: Comparison) =>
    timeSpent(comparison.espalier.jobs, comparison.espalier.jobsMs)[part] / 1000;
  return [
    {
      ...row('ratio', 'x', ({ espalier, bare }) => espalier.jobsMs / bareMs(bare)),
      target: RATIO_MAX,
      ...(comparisons[0] === undefined ? {} : { note: describeProfile(comparisons[0].espalier.profile) }),
    },
    row('espalier', 's', ({ espalier }) => espalier.jobsMs / 1000),
    row('bare', 's', ({ bare }) => bareMs(bare) / 1000),
    row('espalier/proving', 's', spent('provingMs')),
    row('espalier/only-verifying', 's', spent('verifyingMs')),
    row('espalier/only-making-witnesses', 's', spent('witnessMs')),
    row('espalier/other', 's', spent('otherMs')),
    row('espalier/end-to-end', 's', ({ espalier }) => espalier.endToEndMs / 1000),
    // What the provers took of the processors hardly depends on what else runs: more of it here would be Espalier's doing.
    row('espalier/prover-cpu', 's', ({ espalier }) => cpuSeconds(espalier.jobs)),
    row('bare/prover-cpu', 's', ({ bare }) => cpuSeconds(bare)),
    // On a machine that others use too, the ratio is worth as much as these are small.
    row('espalier/cores-of-others', 'cores', ({ espalier }) => espalier.othersCores ?? Number.NaN),
    row('bare/cores-of-others', 'cores', ({ othersCores }) => othersCores ?? Number.NaN),
  ];
}

/** What a proof holds decides how many are made at once. */
function describeProfile({ name, classes }: Profile): string {
  const cores = Object.entries(classes).map(([resourceClass, needed]) => `${resourceClass} ${needed.cores}`);
  return `profile ${name}, cores a proof: ${cores.join(', ')}`;
}

/** The demo's proofs of a circuit both ways, in the company that they had. */
function circuitRows(circuit: CircuitName, comparisons: readonly Comparison[]): readonly Row[] {
  const espalier = comparisons.flatMap((comparison) =>
    comparison.espalier.jobs.filter((job) => job.circuit === circuit),
  );
  const bare = comparisons.flatMap((comparison) => comparison.bare.filter((job) => job.circuit === circuit));
  const row = <T>(what: string, unit: string, of: readonly T[], measure: (one: T) => number | null) => {
    const values = of.map(measure).filter((value) => value !== null);
    return values.length === 0 ? [] : [{ name: `proving/demo/${circuit}/${what}`, unit, ...median(values) }];
  };
  return [
    ...row('prove', 's', espalier, (job) => job.timings.proveMs / 1000),
    ...row('prove-bare', 's', bare, (job) => job.usage.wallMs / 1000),
    ...row('memory', 'GB', espalier, (job) => gigabytes(job.usage.peakMemoryBytes)),
    ...row('memory-bare', 'GB', bare, (job) => gigabytes(job.usage.peakMemoryBytes)),
  ];
}

function bareMs(bare: Comparison['bare']): number {
  return bare.reduce((sum, { usage }) => sum + usage.wallMs, 0);
}

function cpuSeconds(jobs: readonly { readonly usage: ResourceUsage }[]): number {
  return jobs.reduce((sum, { usage }) => sum + (usage.cpuMs ?? Number.NaN), 0) / 1000;
}

function gigabytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1e9;
}
