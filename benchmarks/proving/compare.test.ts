import { expect, it } from 'vitest';
import { type Engine, makeBlock, openEngine } from '../../cli/index.js';
import type { SimulatedProverOptions } from '../../native/index.js';
import { CIRCUIT_NAMES } from '../../proto/index.js';
import { bareCallsOf } from './bare-prover.js';
import { circuitRows } from './circuit-rows.js';
import { compare } from './compare.js';
import { proveEachCircuit } from './each-circuit.js';
import { provingRows } from './proving-rows.js';
import { wasmRows } from './wasm-rows.js';

const quiet = () => {};

function simulatedEngine(simulation: SimulatedProverOptions = { defaultDurationMs: 0 }): Promise<Engine> {
  const prover = { kind: 'simulated', simulation } as const;
  return openEngine({ srs: 'auto', prover, env: process.env, onWarning: quiet, onWait: quiet });
}

it('proves each circuit alone, with each number of threads, with a simulated prover', async () => {
  const engine = await simulatedEngine();
  try {
    const runs = await proveEachCircuit(engine, { threads: [2, 1], repetitions: 2, progress: quiet });
    const ofCircuits = CIRCUIT_NAMES.filter((name) => name !== 'client');
    expect(new Set(runs.map(({ circuit }) => circuit))).toEqual(new Set(ofCircuits));
    expect(runs).toHaveLength(ofCircuits.length * 2 * 2);
    const names = circuitRows(runs).map(({ name }) => name);
    for (const what of ['witness', 'prove/2', 'prove/1', 'verify', 'proof']) {
      expect(names).toContain(`proving/root-rollup-single/${what}`);
    }
  } finally {
    await engine.stop();
  }
});

it('compares native and WASM where the canonical SRS is, and says where it is not', async () => {
  const engine = await simulatedEngine();
  try {
    const rows = await wasmRows(engine, 1, { repetitions: 1, progress: quiet });
    expect(rows.map(({ name }) => name)).toContain('proving/client/wasm');
    if (rows.length === 1) expect(rows[0]?.note).toContain('not on this machine');
    else expect(rows.map(({ name }) => name)).toContain('proving/client/wasm/verify');
  } finally {
    await engine.stop();
  }
});

it('proves a small block both ways, job for job, with a simulated prover', async () => {
  const engine = await simulatedEngine({ defaultDurationMs: 20 });
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
    const value = (name: string) => rows.find((row) => row.name === `proving/demo/${name}`)?.value ?? Number.NaN;
    expect(value('espalier')).toBeGreaterThan(0);
    expect(value('root-rollup/prove-bare')).toBeGreaterThan(0);
    expect(value('public-kernel-next/prove')).toBeNaN();
  } finally {
    await engine.stop();
  }
});
