import { expect, it } from 'vitest';
import { makeBlock, openEngine } from '../../cli/index.js';
import { startedProver } from '../../tests/support/started-prover.js';
import { bareCallsOf } from './bare-prover.js';
import { compare } from './compare.js';
import { provingRows } from './proving-rows.js';

it('proves a small block both ways, job for job, with a simulated prover', async () => {
  const quiet = () => {};
  const opened = await openEngine({
    srs: 'auto',
    prover: { kind: 'simulated' },
    env: process.env,
    onWarning: quiet,
    onWait: quiet,
  });
  const simulation = { defaultDurationMs: 20 };
  const engine = { ...opened, prover: await startedProver({ kind: 'simulated', simulation }) };
  try {
    const signal = new AbortController().signal;
    const block = await makeBlock(engine, { txs: 2, calls: [1, 0], seed: 1, threads: 1, signal, onProgress: quiet });
    const bareProver = () => bareCallsOf(engine.prover, 2);
    const comparisons = await compare(engine, { block, bareProver, repetitions: 2, progress: quiet });
    expect(comparisons).toHaveLength(2);
    for (const { espalier, bare } of comparisons) {
      expect(bare).toHaveLength(2 * 1 + 2 + 1);
      expect(new Set(bare.map((job) => job.jobId))).toEqual(new Set(espalier.jobs.map((job) => job.jobId)));
      expect(espalier.endToEndMs).toBeGreaterThan(espalier.jobsMs);
    }
    const rows = provingRows(comparisons);
    const value = (name: string) => rows.find((row) => row.name === `proving/${name}`)?.value ?? Number.NaN;
    expect(value('espalier')).toBeGreaterThan(0);
    expect(value('root-rollup/proof')).toBeGreaterThan(0);
    expect(value('public-kernel-next/prove')).toBeNaN();
  } finally {
    await opened.stop();
  }
});
