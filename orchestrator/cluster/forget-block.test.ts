import { expect, test } from 'vitest';
import { systemClock } from '../../common/index.js';
import type { BlockResult } from '../../proto/index.js';
import { MemoryBlockBoard } from '../../queue/index.js';
import { BlockStore, MemoryBlobStore, ProofStore } from '../../store/index.js';
import { paddedBlock } from '../../tests/support/block-pieces.js';
import { forgetBlock } from './forget-block.js';
import { submitBlock } from './submit-block.js';

/** A block that an owner has claimed, and what its end is noted as. */
async function claimed() {
  const blobs = new MemoryBlobStore();
  const board = await MemoryBlockBoard.open({ records: blobs });
  const stores = { board, blocks: new BlockStore(blobs), proofs: new ProofStore(blobs) };
  await submitBlock(paddedBlock(2, 10), stores);
  const owner = board.owner('o1');
  const [claim] = await owner.claim(1);
  const [status] = await board.list();
  if (claim === undefined || status === undefined) throw new Error('there was nothing to claim');
  const { blockId, transactions, calls, submittedAtMs } = status;
  const result: BlockResult = {
    ...{ blockId, state: 'cancelled', transactions, calls, jobs: 3, submittedAtMs, endedAtMs: submittedAtMs + 1 },
    ...{ rootId: null, error: null, failedJob: null, lineageSeed: null },
  };
  return { blobs, stores, owner, claim, blockId, result };
}

async function names(blobs: MemoryBlobStore): Promise<string[]> {
  const all: string[] = [];
  for await (const name of blobs.list('')) all.push(name);
  return all;
}

test('a block that has ended and is still on the board is waited for', async () => {
  const { blobs, stores, owner, claim, blockId, result } = await claimed();
  await expect(forgetBlock(blockId, stores)).rejects.toMatchObject({
    code: 'block-open',
    remedy: `cancel it first: espalier cancel ${blockId}`,
  });
  // Of an earlier submission of the same block.
  await stores.blocks.putResult({ ...result, submittedAtMs: result.submittedAtMs - 1 }, []);
  await expect(forgetBlock(blockId, stores)).rejects.toMatchObject({ code: 'block-open' });

  await stores.blocks.putResult(result, []);
  const forgetting = forgetBlock(blockId, stores);
  await owner.end(claim);
  await forgetting;
  expect(await names(blobs)).toEqual([]);
});

test('one that stays on the board is not forgotten, and loses nothing', async () => {
  const { blobs, stores, blockId, result } = await claimed();
  await stores.blocks.putResult(result, []);
  const before = await names(blobs);
  const givenUp = new AbortController();
  const given = forgetBlock(blockId, stores, { signal: givenUp.signal });
  givenUp.abort();
  await expect(given).rejects.toMatchObject({ code: 'cancelled' });
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => (nowMs += 15_000) };
  await expect(forgetBlock(blockId, stores, { clock })).rejects.toMatchObject({
    code: 'block-open',
    message: expect.stringMatching(/has ended, and what it left is still being deleted/),
  });
  expect(await names(blobs)).toEqual(before);
});
