import { expect, test } from 'vitest';
import { EspalierError, systemClock } from '../../common/index.js';
import { PROVING_WINDOW_DEFAULT_MS } from '../../proto/index.js';
import { MemoryBlockBoard } from '../../queue/index.js';
import { BlockStore, MemoryBlobStore } from '../../store/index.js';
import { blockPieces, paddedBlock } from '../../tests/support/block-pieces.js';
import type { ReceivedBlock } from '../block/index.js';
import { submitBlock, submitReceived } from './submit-block.js';

const received: ReceivedBlock = { blockId: 'b'.repeat(64), family: 'f', transactions: 3, calls: 0, srs: 'none' };

async function cluster() {
  const blobs = new MemoryBlobStore();
  const board = await MemoryBlockBoard.open({ records: blobs });
  return { board, blocks: new BlockStore(blobs) };
}

/** A clock that stands still. */
const clock = { ...systemClock, nowMs: () => 1_000_000 };

test('a submission carries its deadline, and whether its proofs are to be kept', async () => {
  const ports = await cluster();
  expect(await submitReceived(received, ports, { windowMs: 60_000, keepProofs: true }, clock)).toBe('submitted');
  expect(await ports.board.find(received.blockId)).toMatchObject({
    submittedAtMs: 1_000_000,
    deadlineAtMs: 1_060_000,
    keepProofs: true,
  });
  expect(await submitReceived(received, ports, { windowMs: 1 }, clock)).toBe('open');
  expect(await ports.board.find(received.blockId)).toMatchObject({ deadlineAtMs: 1_060_000 });
});

test('the deadline of a submission that says none is that of the proving window', async () => {
  const ports = await cluster();
  await submitReceived(received, ports, {}, clock);
  const deadlineAtMs = 1_000_000 + PROVING_WINDOW_DEFAULT_MS;
  expect(await ports.board.find(received.blockId)).toMatchObject({ deadlineAtMs });
});

test('a block that is being stopped is waited for, until the waiting is given up', async () => {
  const ports = await cluster();
  await submitReceived(received, ports);
  const owner = ports.board.owner('o1');
  const [claim] = await owner.claim(1);
  if (claim === undefined) throw new Error('there was nothing to claim');
  await ports.board.cancel(received.blockId);
  const givenUp = new AbortController();
  const waiting = [
    submitReceived(received, ports, { signal: givenUp.signal }),
    submitReceived(received, ports, { signal: new AbortController().signal }),
  ] as const;
  givenUp.abort();
  await expect(waiting[0]).rejects.toMatchObject({ code: 'cancelled' });
  await owner.end(claim);
  expect(await waiting[1]).toBe('submitted');
});

test('content that somebody forgets in this moment is stored again', async () => {
  const { board, blocks } = await cluster();
  const block = paddedBlock(2, 10);
  const { outline } = blockPieces(block);
  let puts = 0;
  const forgetful = {
    putBlock: async (pieces: Parameters<BlockStore['putBlock']>[0]) => {
      puts += 1;
      if (puts > 1) await blocks.putBlock(pieces);
    },
    hasBlock: (id: string) => blocks.hasBlock(id),
  };
  expect(await submitBlock(block, { board, blocks: forgetful })).toBe('submitted');
  const [{ blockId = '' } = {}] = await board.list();
  expect(await blocks.getOutline(blockId)).toMatchObject(outline);
});

test('a block that is refused is neither on the board nor in the store', async () => {
  const ports = await cluster();
  const { transactions, ...rest } = paddedBlock(2, 10);
  const twice = { ...rest, transactions: [...transactions, ...transactions] };
  await expect(submitBlock(twice, ports)).rejects.toBeInstanceOf(EspalierError);
  expect(await ports.board.list()).toEqual([]);
  for await (const id of ports.blocks.listBlocks()) expect.unreachable(id);
});
