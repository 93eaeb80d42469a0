import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, makeBlock, openEngine } from '../../cli/index.js';
import { EspalierError } from '../../common/index.js';
import { type ProveRequest, probeMachine } from '../../native/index.js';
import { median } from '../median.js';
import { keptJobs } from '../proving/kept-jobs.js';
import type { Row, Scope, ScopeOptions } from '../scope.js';

/** A transaction without calls: its base proof needs no proof but the client's, and is one recursive verification. */
const BLOCK = { txs: 1, calls: 0, seed: 1 } as const;

export const packing: Scope = {
  description: 'two base proofs one after another and side by side, on all cores',
  repetitions: 3,
  run: measurePacking,
};

async function measurePacking({ repetitions, progress }: ScopeOptions): Promise<readonly Row[]> {
  const engine = await openEngine({
    srs: 'auto',
    prover: { kind: 'native' },
    env: process.env,
    onWarning: progress,
    onWait: progress,
  });
  try {
    const { cores } = await probeMachine();
    const request = await baseRequest(engine, cores);
    const prove = (threads: number) => engine.prover.prove(request, { threads });
    const ways = {
      'one-by-one': async () => {
        await prove(cores);
        await prove(cores);
      },
      'side-by-side-half-the-cores-each': () => Promise.all([prove(half(cores)), prove(half(cores))]),
      'side-by-side-all-cores-each': () => Promise.all([prove(cores), prove(cores)]),
    };
    const seconds = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      for (const [name, way] of Object.entries(ways)) {
        progress(`packing: ${repetition} of ${repetitions}, ${name}`);
        const startedMs = performance.now();
        await way();
        seconds.get(name)?.push((performance.now() - startedMs) / 1000);
      }
    }
    return [...seconds].map(([name, values]) => ({ name: `packing/two-proofs/${name}`, unit: 's', ...median(values) }));
  } finally {
    await engine.stop();
  }
}

async function baseRequest(engine: Engine, threads: number): Promise<ProveRequest> {
  const signal = new AbortController().signal;
  const block = await makeBlock(engine, { ...BLOCK, threads, signal, onProgress: () => undefined });
  const folder = await mkdtemp(join(tmpdir(), 'espalier-bench-'));
  try {
    for await (const { request } of keptJobs(engine, block, join(folder, 'empty'))) return request;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  throw new EspalierError('internal', 'the block has no jobs');
}

function half(cores: number): number {
  return Math.max(1, cores >> 1);
}
