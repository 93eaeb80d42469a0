import {
  type Engine,
  measurePacking,
  openEngine,
  proofSeconds,
  proofsPerMinute,
  type SampleRequest,
  sampleRequests,
  splitsOf,
} from '../../cli/index.js';
import { probeMachine } from '../../native/index.js';
import { median } from '../median.js';
import type { Row, Scope, ScopeOptions } from '../scope.js';

export const packing: Scope = {
  description:
    'proofs a minute for each split of the cores: one at a time with all of them, two with half each, and so on',
  repetitions: 3,
  run: async (options) => {
    const { progress } = options;
    const say = { onWarning: progress, onWait: progress };
    const engine = await openEngine({ srs: 'auto', prover: { kind: 'native' }, env: process.env, ...say });
    try {
      const { cores } = await probeMachine();
      const rows: Row[] = [];
      const signal = new AbortController().signal;
      for await (const request of sampleRequests(engine, { threads: cores, signal })) {
        rows.push(...(await packingRows(engine, request, options)));
      }
      return rows;
    } finally {
      await engine.stop();
    }
  },
};

/** What `espalier tune` measures too, for one kind of job. */
export async function packingRows(
  { prover }: Pick<Engine, 'prover'>,
  request: SampleRequest,
  { repetitions, progress }: ScopeOptions,
): Promise<readonly Row[]> {
  const { cores, memoryBytes } = await probeMachine();
  const measured = await measurePacking(prover, request, {
    splits: splitsOf(cores),
    repetitions,
    memoryBytes,
    signal: new AbortController().signal,
    onSplit: ({ proofs, threads }, repetition, isLeftOut) => {
      progress(
        `packing: ${request.name}, ${proofs} x ${threads}${isLeftOut ? ': too large' : ''}, ${repetition} of ${repetitions}`,
      );
    },
  });
  return measured.flatMap(({ proofs, threads, wallMs, peakMemoryBytes }) => {
    const each = wallMs.map((ms) => ({ proofs, wallMs: [ms] }));
    const row = (what: string, unit: string, values: readonly number[]): Row => ({
      name: `packing/${request.name}/${proofs}x${threads}/${what}`,
      unit,
      ...median(values),
    });
    return [
      row('rate', 'proofs/min', each.map(proofsPerMinute)),
      row('proof', 's', each.map(proofSeconds)),
      row('memory', 'GB', [(peakMemoryBytes ?? Number.NaN) / 1e9]),
    ];
  });
}
