import { type CircuitName, LIMITS } from '../../proto/index.js';
import { median } from '../median.js';
import type { Row } from '../scope.js';
import type { CircuitRun } from './each-circuit.js';

/** Seconds a proof, and 10^9 bytes on the machine of each circuit (the RFP's figures). */
const PROOF_SECONDS_MAX = 30;
const MEMORY_GB_MAX = { vm: 64, others: 16 };

/** What each circuit takes by itself, by the number of threads; memory and proof with the most threads. */
export function circuitRows(runs: readonly CircuitRun[]): readonly Row[] {
  const circuits = [...new Set(runs.map(({ circuit }) => circuit))];
  return circuits.flatMap((circuit) =>
    rowsOf(
      circuit,
      runs.filter((run) => run.circuit === circuit),
    ),
  );
}

function rowsOf(circuit: CircuitName, runs: readonly CircuitRun[]): readonly Row[] {
  const threads = [...new Set(runs.map((run) => run.threads))];
  const most = Math.max(...threads);
  const row = (what: string, unit: string, of: readonly CircuitRun[], measure: (run: CircuitRun) => number): Row => ({
    name: `proving/${circuit}/${what}`,
    unit,
    ...median(of.map(measure)),
  });
  const withMost = runs.filter((run) => run.threads === most);
  const memoryMax = circuit === 'public-vm' ? MEMORY_GB_MAX.vm : MEMORY_GB_MAX.others;
  return [
    row('witness', 's', withMost, ({ witnessMs }) => witnessMs / 1000),
    ...threads.map((count) => ({
      ...row(
        `prove/${count}`,
        's',
        runs.filter((run) => run.threads === count),
        ({ usage }) => usage.wallMs / 1000,
      ),
      ...(count === most ? { target: PROOF_SECONDS_MAX } : {}),
    })),
    row('verify', 's', runs, ({ verifyMs }) => verifyMs / 1000),
    { ...row('memory', 'GB', withMost, ({ usage }) => (usage.peakMemoryBytes ?? Number.NaN) / 1e9), target: memoryMax },
    { ...row('proof', 'bytes', withMost, ({ proofBytes }) => proofBytes), target: LIMITS.proofBytesMax },
  ];
}
