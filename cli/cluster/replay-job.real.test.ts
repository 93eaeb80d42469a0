import { beforeAll, describe, expect, test } from 'vitest';
import { cacheFolder } from '../../common/index.js';
import { type PreparedBlock, planExecution } from '../../orchestrator/index.js';
import { type AbiInputs, type BlockResult, collectBlock, sourceOf } from '../../proto/index.js';
import { BlockStore, MemoryBlobStore, ProofStore } from '../../store/index.js';
import { blockPieces } from '../../tests/support/block-pieces.js';
import { simulatedBlock, simulatedEngine } from '../../tests/support/simulated-block.js';
import type { EngineOptions } from '../run/engine.js';
import { replayJob } from './replay-job.js';

/**
 * Replays a job of the public VM, which takes no child proofs, with the real prover: as if its block had failed at it.
 */
let prepared: PreparedBlock;

beforeAll(async () => {
  const engine = await simulatedEngine();
  prepared = await planExecution(sourceOf(await simulatedBlock(engine, [1])), engine, {});
});

const engineOptions: EngineOptions = {
  srs: 'development',
  prover: { kind: 'native' },
  // The user's own cache: keys, development SRS and the bb bound to it.
  env: { ...process.env, ESPALIER_CACHE: cacheFolder(process.env) },
  onWarning: () => undefined,
  onWait: () => undefined,
};

/** Replays the first job from these inputs; `steps` are what it said. */
async function replay(inputs: AbiInputs | undefined, jobId = prepared.tree.jobId(0)) {
  const blobs = new MemoryBlobStore();
  const [blocks, proofs] = [new BlockStore(blobs), new ProofStore(blobs)];
  const failedJob = prepared.tree.jobId(0);
  const error = { code: 'prover-crashed', message: 'it died' } as const;
  const times = { submittedAtMs: 0, endedAtMs: 1 };
  const counts = { transactions: 1, calls: 1, jobs: prepared.tree.size };
  const result: BlockResult = {
    ...{ blockId: prepared.id, state: 'failed', rootId: null, error, failedJob },
    ...{ lineageSeed: prepared.lineageSeed, ...counts, ...times },
  };
  await blocks.putBlock(blockPieces(await collectBlock(prepared.source.parts())));
  await blocks.putResult(result, []);
  if (inputs !== undefined) await proofs.putInputs(failedJob, inputs);
  const steps: [string, string][] = [];
  const { signal } = new AbortController();
  const onStep = (step: string, text: string) => void steps.push([step, text]);
  const ended = await replayJob(jobId, { blocks, proofs }, engineOptions, { signal, onStep }).catch((thrown) => thrown);
  for await (const proof of proofs.listProofs()) throw new Error(`the replay stored ${proof}`);
  return { ended, steps };
}

test('a job that can be proven here is proven, step by step, and nothing of it is stored', async () => {
  const { ended, steps } = await replay(prepared.inputs.of(0));
  expect(ended).toBeUndefined();
  expect(steps.map(([step]) => step)).toEqual(['job', 'inputs', 'witness', 'proof', 'verdict']);
  expect(steps[0]?.[1]).toMatch(/^public-vm 0\.0 of block [0-9a-f]{12} failed with \[prover-crashed\] it died$/);
  expect(steps[2]?.[1]).toMatch(/^made in .*: the inputs satisfy public-vm$/);
});

describe('a job that cannot is replayed to its error', () => {
  test('of its witness', async () => {
    const inputs = JSON.parse(JSON.stringify(prepared.inputs.of(0))) as Record<string, AbiInputs[string]>;
    const [name] = Object.keys(inputs).filter((key) => typeof inputs[key] === 'string');
    const { ended, steps } = await replay({ ...inputs, [name ?? '']: '0x7' });
    expect(ended).toMatchObject({ code: 'witness-unsatisfied', exitCode: 4 });
    expect(steps.map(([step]) => step)).toEqual(['job', 'inputs']);
  });

  test('where nothing is kept of it', async () => {
    const nothing = { code: 'usage', message: expect.stringMatching(/^nothing is kept of a job /) };
    expect((await replay(undefined)).ended).toMatchObject(nothing);
    expect((await replay(prepared.inputs.of(0), 'public-vm.0.0.unknown')).ended).toMatchObject(nothing);
  });
});
