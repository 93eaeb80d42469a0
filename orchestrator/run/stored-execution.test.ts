import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../cli/run/engine.js';
import { type BlockSource, sourceOf } from '../../proto/index.js';
import { BlockStore, MemoryBlobStore } from '../../store/index.js';
import { simulatedBlock, simulatedEngine } from '../../tests/support/simulated-block.js';
import { type PreparedBlock, planExecution } from './prepare-block.js';

describe('a kept execution', () => {
  let engine: Engine;
  let source: BlockSource;
  let first: PreparedBlock;
  const blobs = new MemoryBlobStore();
  const executions = new BlockStore(blobs);

  beforeAll(async () => {
    engine = await simulatedEngine();
    source = sourceOf(await simulatedBlock(engine, [0, 2, 1, 2, 3]));
    first = await planExecution(source, engine, { executions });
  });

  /** Prepares the block anew, and says whether it had to be executed for it. */
  async function again(tools: Pick<Engine, 'hasher' | 'keys' | 'prover'> = engine) {
    let executed = 0;
    const prepared = await planExecution(source, tools, { executions, onProgress: () => executed++ });
    return { prepared, isExecuted: executed > 0 };
  }

  test('gives the same tree, the same inputs of every job and the same root, and nothing is executed', async () => {
    const { prepared, isExecuted } = await again();
    expect(isExecuted).toBe(false);
    expect(prepared.lineageSeed).toBe(first.lineageSeed);
    expect(prepared.execution.rootPublic).toEqual(first.execution.rootPublic);
    for (let job = 0; job < first.tree.size; job++) expect(prepared.inputs.of(job)).toEqual(first.inputs.of(job));
  });

  test('is not used under other keys, and is replaced', async () => {
    const keys = Object.create(engine.keys, { keysHash: { value: () => 5n } }) as Engine['keys'];
    expect((await again({ ...engine, keys })).isExecuted).toBe(true);
    expect((await again()).isExecuted).toBe(true);
    expect((await again()).isExecuted).toBe(false);
  });

  test('is made again where any part of it is damaged, missing or of another format', async () => {
    const keys: string[] = [];
    for await (const key of blobs.list('executions/')) keys.push(key);
    expect(keys.length).toBeGreaterThan(4);
    for (const key of keys) {
      const bytes = (await blobs.get(key)) ?? new Uint8Array();
      await blobs.put(key, bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1));
      expect([key, (await again()).isExecuted]).toEqual([key, true]);
      await blobs.delete(key);
      expect([key, (await again()).isExecuted]).toEqual([key, true]);
    }
    await executions.putExecution(source.id, { format: 0, keysHash: '0x0' }, () => []);
    expect((await again()).isExecuted).toBe(true);
    expect((await again()).isExecuted).toBe(false);
  });

  test('that cannot be kept is told of, and the block goes on', async () => {
    const faults: unknown[] = [];
    const full = {
      findExecution: async () => undefined,
      getExecutionPiece: async () => undefined,
      putExecution: () => Promise.reject(new Error('full')),
    };
    const prepared = await planExecution(source, engine, {
      executions: full,
      onNotKept: (fault) => faults.push(fault),
    });
    expect(prepared.tree.size).toBe(first.tree.size);
    expect(faults).toEqual([new Error('full')]);
  });
});
