import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EspalierError } from '../../common/index.js';
import { FileBlobStore, MemoryBlobStore } from '../../store/index.js';
import { describeBlockBoard } from '../../tests/conformance/block-board.js';
import { chunkOf, describeBlockEvents, nextOf } from '../../tests/conformance/block-events.js';
import { claimOne, HISTORY, idsOf, PROVING, proofSummary, submittedBlock } from '../../tests/support/board-samples.js';
import { expectCode } from '../../tests/support/expect-code.js';
import type { BlockBoard, BlockOwner } from '../board/block-board.js';
import { MemoryBlockBoard } from './memory-block-board.js';

const block = submittedBlock;

describeBlockBoard('MemoryBlockBoard', async () => {
  const board = await MemoryBlockBoard.open({ records: new MemoryBlobStore() });
  return { board, owner: async (ownerId, srs) => board.owner(ownerId, srs) };
});

describeBlockEvents('MemoryBlockEvents behind a MemoryBlockBoard', async () => {
  const board = await MemoryBlockBoard.open({ records: new MemoryBlobStore() });
  let owners = 0;
  let owner: BlockOwner | undefined;
  return {
    events: board.events,
    own: async (blockId) => {
      await board.submit(block(blockId));
      await owner?.close();
      owner = board.owner(`o${++owners}`);
      const own = owner;
      const claims = await own.claim(100);
      const claim = claims.find((one) => one.blockId === blockId);
      if (claim === undefined) throw new Error(`block ${blockId} could not be claimed`);
      return {
        epoch: claim.token,
        publish: (chunk) => own.publish(claim, chunk),
        end: () => own.end(claim),
      };
    },
  };
});

async function keysOf(store: MemoryBlobStore): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of store.list('')) keys.push(key);
  return keys;
}

describe('a process that was killed', () => {
  async function folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'espalier-board-'));
    onTestFinished(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  test('left its open blocks to the next on the same store, in their order, with what was noted of them', async () => {
    const path = await folder();
    const first = await MemoryBlockBoard.open({ records: await FileBlobStore.open(path) });
    const wanted = { ...block('b'), srs: 'none', deadlineAtMs: 1_700_000_480_000, keepProofs: true } as const;
    for (const one of [wanted, block('a'), block('gone'), block('c')]) await first.submit(one);
    const owner = first.owner('o1');
    const [claim, , gone] = await owner.claim(3);
    if (claim === undefined || gone === undefined) throw new Error('there were three to claim');
    await owner.note(claim, PROVING);
    await owner.remember(claim, new Map([['j1', HISTORY]]));
    await owner.credit(claim, [proofSummary('j1'), proofSummary('j2')]);
    await owner.publish(claim, chunkOf(claim.token, 1, 3));
    await first.cancel('c');
    await owner.end(gone);

    const next = await MemoryBlockBoard.open({ records: await FileBlobStore.open(path) });
    expect(idsOf(await next.list())).toEqual(['b', 'a', 'c']);
    expect(await next.find('b')).toMatchObject({ state: 'queued', owner: null, jobs: 0, cursor: null });
    expect(await next.find('b')).toMatchObject({ deadlineAtMs: 1_700_000_480_000, keepProofs: true });
    expect(await next.find('c')).toMatchObject({ state: 'cancelling' });
    const successor = next.owner('o2');
    const [, again] = await successor.claim(2);
    if (again === undefined) throw new Error('there were two to claim');
    expect(again).toMatchObject({ ...wanted, checked: true, ageRank: claim.ageRank });
    expect(again.token).toBeGreaterThan(claim.token);
    expect(await successor.histories(again)).toEqual(new Map([['j1', HISTORY]]));
    await successor.credit(again, [proofSummary('j3'), { ...proofSummary('j2'), attempts: 2 }]);
    const credits = await next.credits('b');
    expect(credits.map(({ jobId, attempts }) => `${jobId}:${attempts}`)).toEqual(['j1:1', 'j2:2', 'j3:1']);
    await next.submit(block('d'));
    expect(idsOf(await next.list())).toEqual(['b', 'a', 'c', 'd']);
    // What was told is not known any more, and nobody takes it for what is told now.
    const reader = next.events.follow('b');
    await successor.publish(again, chunkOf(again.token, 1, 5));
    expect(await nextOf(reader, { epoch: claim.token, seq: 3 })).toBe('gone');
  });

  test('set its clock back before the next one: tokens grow all the same', async () => {
    const records = new MemoryBlobStore();
    const clockAt = (nowMs: number) => ({ nowMs: () => nowMs, monotonicMs: () => 0 });
    const first = await MemoryBlockBoard.open({ records, clock: clockAt(2_000_000) });
    await first.submit(block('a'));
    const owner = first.owner('o1');
    const claim = await claimOne(owner);
    await owner.note(claim, PROVING);
    const next = await MemoryBlockBoard.open({ records, clock: clockAt(1_000) });
    expect((await claimOne(next.owner('o2'))).token).toBeGreaterThan(claim.token);
  });

  test('may have left half of a block, or a broken one: the others are there', async () => {
    const records = new MemoryBlobStore();
    const first = await MemoryBlockBoard.open({ records });
    for (const id of ['a', 'b', 'c']) await first.submit(block(id));
    const owner = first.owner('o1');
    for (const claim of await owner.claim(3)) await owner.credit(claim, [proofSummary('j1')]);
    await records.delete('board/a/block');
    await records.put('board/b/block', new TextEncoder().encode('{"submitted":'));
    await records.put('board/c/credits.0', new TextEncoder().encode('[["j1",{}]]'));
    const troubles: string[] = [];
    const next = await MemoryBlockBoard.open({ records, onTrouble: (message) => troubles.push(message) });
    expect(idsOf(await next.list())).toEqual(['c']);
    expect(await keysOf(records)).toEqual(['board/b/block', 'board/b/credits.0', 'board/c/block', 'board/c/credits.0']);
    expect(await next.credits('c')).toEqual([]);
    expect(troubles).toEqual(['board/b/block: not JSON', expect.stringMatching(/^board\/c\/credits\.0: 0\.1\./)]);
  });
});

describe('its store', () => {
  test('holds nothing when every block has ended', async () => {
    const records = new MemoryBlobStore();
    const board = await MemoryBlockBoard.open({ records });
    for (const id of ['a', 'b']) await board.submit(block(id));
    const owner = board.owner('o1');
    const many = Array.from({ length: 1_201 }, (_, number) => `j${number}`);
    for (const claim of await owner.claim(2)) {
      await owner.credit(claim, many.map(proofSummary));
      await owner.remember(claim, new Map([['j1', HISTORY]]));
      await owner.note(claim, PROVING);
    }
    expect((await keysOf(records)).filter((key) => key.startsWith('board/a/'))).toEqual([
      'board/a/block',
      ...[0, 1, 2].map((number) => `board/a/credits.${number}`),
      'board/a/histories.0',
    ]);
    await owner.close();
    const last = board.owner('o2');
    // Whoever cancels a block that is just ending does not bring it back.
    for (const claim of await last.claim(2)) await Promise.all([last.end(claim), board.cancel(claim.blockId)]);
    expect(await keysOf(records)).toEqual([]);
  });

  test('is away: a block is not open before it is durable, and what was refused can be tried again', async () => {
    const records = new MemoryBlobStore();
    let isAway = true;
    const put = records.put.bind(records);
    records.put = async (key, bytes) => {
      await Promise.resolve();
      if (isAway) throw new EspalierError('store-unavailable', 'it is away');
      return put(key, bytes);
    };
    const board = await MemoryBlockBoard.open({ records });
    const both = [board.submit(block('a')), board.submit(block('a'))];
    for (const refused of both) await expectCode(refused, 'store-unavailable', /away/);
    expect(await board.list()).toEqual([]);
    isAway = false;
    expect(await Promise.all([submitAgain(board), submitAgain(board)])).toEqual(['submitted', 'open']);
  });

  const submitAgain = (board: BlockBoard) => board.submit(block('a'));
});
