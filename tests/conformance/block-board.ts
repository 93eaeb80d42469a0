import { describe, expect, onTestFinished, test } from 'vitest';
import type { ProofSummary, SrsName } from '../../proto/index.js';
import { type BlockBoard, type BlockOwner, OPEN_MAX, type SubmittedBlock } from '../../queue/index.js';
import {
  claimOne,
  FORECAST,
  HISTORY,
  idsOf,
  LEVELS,
  PROVING,
  proofSummary,
  submittedBlock,
  WORK,
} from '../support/board-samples.js';
import { expectCode } from '../support/expect-code.js';

/** A board with nothing on it. */
export interface BoardKit {
  readonly board: BlockBoard;
  /** Of an orchestrator that lives until this is closed. */
  owner(ownerId: string, srs?: SrsName): Promise<BlockOwner>;
}

type MakeKit = () => Promise<BoardKit>;

/** The contract of `BlockBoard` and `BlockOwner`, for any adapter; what owners tell is in `block-events.ts`. */
export function describeBlockBoard(name: string, makeKit: MakeKit): void {
  const kitOf = async () => {
    const { board, owner } = await makeKit();
    return {
      board,
      newOwner: async (ownerId: string, srs?: SrsName) => {
        const owned = await owner(ownerId, srs);
        onTestFinished(() => owned.close());
        return owned;
      },
      submitAll: async (...blocks: SubmittedBlock[]) => {
        for (const block of blocks) await board.submit(block);
      },
    };
  };
  describe(name, () => {
    describe('an open block', () => describeBlocks(kitOf));
    describe('an owner', () => describeOwners(kitOf));
    describe('what an owner notes', () => describeNotes(kitOf));
  });
}

interface Kit {
  readonly board: BlockBoard;
  readonly newOwner: (ownerId: string, srs?: SrsName) => Promise<BlockOwner>;
  readonly submitAll: (...blocks: SubmittedBlock[]) => Promise<void>;
}
type KitOf = () => Promise<Kit>;
const block = submittedBlock;

function describeBlocks(kitOf: KitOf): void {
  test('is found and listed, the oldest first, until it has ended', async () => {
    const { board, newOwner, submitAll } = await kitOf();
    await submitAll(block('b'), block('a'));
    expect(await board.find('b')).toEqual({
      ...{ blockId: 'b', state: 'queued', transactions: 3, calls: 4, submittedAtMs: 1_700_000_000_000 },
      ...{ owner: null, jobs: 0, done: 0, running: 0, levels: [], forecast: null, deadlineAtMs: null, work: null },
      ...{ keepProofs: false, lineageSeed: null, cursor: null },
    });
    expect(idsOf(await board.list())).toEqual(['b', 'a']);
    const owner = await newOwner('o1');
    const claim = await claimOne(owner);
    expect(await board.find('b')).toMatchObject({ state: 'preparing', owner: 'o1' });
    await owner.note(claim, PROVING);
    expect(await board.find('b')).toMatchObject({ state: 'proving', owner: 'o1', jobs: 15, done: 6, running: 2 });
    await owner.end(claim);
    expect(await board.find('b')).toBeUndefined();
    expect(idsOf(await board.list())).toEqual(['a']);
  });

  test('is one, however often it is submitted at once', async () => {
    const { board, newOwner } = await kitOf();
    const replies = await Promise.all(Array.from({ length: 1_000 }, () => board.submit(block('a'))));
    expect(replies.filter((reply) => reply === 'submitted')).toHaveLength(1);
    expect(idsOf(await board.list())).toEqual(['a']);
    expect(await (await newOwner('o1')).claim(10)).toHaveLength(1);
    expect(await board.submit(block('a'))).toBe('open');
  });

  test('can be cancelled, claimed or not', async () => {
    const { board, newOwner, submitAll } = await kitOf();
    expect(await board.cancel('a')).toBe(false);
    await submitAll(block('a'), block('b'), block('c'));
    const owner = await newOwner('o1');
    const claims = await owner.claim(2);
    expect(await owner.cancelled()).toEqual([]);
    expect([await board.cancel('a'), await board.cancel('a'), await board.cancel('c')]).toEqual([true, true, true]);
    expect(await board.find('a')).toMatchObject({ state: 'cancelling', owner: 'o1' });
    expect(await board.find('c')).toMatchObject({ state: 'cancelling', owner: null });
    expect(await owner.cancelled()).toEqual(['a']);
    expect(await board.submit(block('a'))).toBe('cancelling');
    const [other] = await owner.claim(1);
    expect((await owner.cancelled()).toSorted()).toEqual(['a', 'c']);
    for (const claim of [...claims, other]) if (claim !== undefined) await owner.end(claim);
    expect(await owner.cancelled()).toEqual([]);
    expect(await board.submit(block('a'))).toBe('submitted');
    expect(await board.find('a')).toMatchObject({ state: 'queued' });
  });

  test(`is one of ${OPEN_MAX} at most`, async () => {
    const { board, newOwner } = await kitOf();
    const all = Array.from({ length: OPEN_MAX }, (_, number) => block(`b${number}`));
    await Promise.all(all.map((one) => board.submit(one)));
    const error = await expectCode(board.submit(block('one-more')), 'queue-full', /10000 blocks are open already/);
    expect(error.retryable).toBe(true);
    expect(await board.submit(block('b7'))).toBe('open');
    expect(idsOf(await board.list())).toEqual(idsOf(all));
    expect(idsOf(await (await newOwner('o1')).claim(2))).toEqual(['b0', 'b1']);
  });

  test('that was told of, and is submitted again, begins where its history ended', async () => {
    const { board, newOwner, submitAll } = await kitOf();
    await submitAll(block('a'));
    const owner = await newOwner('o1');
    const claim = await claimOne(owner);
    const told = { kind: 'proof-lost', atMs: 1, jobId: 'j1', message: 'lost' } as const;
    await owner.publish(claim, { epoch: claim.token, first: 1, events: [told, told] });
    await owner.end(claim);
    await submitAll(block('a'));
    expect(await board.find('a')).toMatchObject({ state: 'queued', cursor: { epoch: claim.token, seq: 2 } });
    expect((await claimOne(owner)).token).toBeGreaterThan(claim.token);
  });
}

function describeOwners(kitOf: KitOf): void {
  test('leaves alone what was made with another SRS than its own', async () => {
    const { newOwner, submitAll } = await kitOf();
    await submitAll({ ...block('a'), srs: 'none' }, { ...block('b'), srs: 'development' }, block('c'));
    expect(idsOf(await (await newOwner('o1', 'development')).claim(10)).sort()).toEqual(['b', 'c']);
    expect(idsOf(await (await newOwner('o2')).claim(10))).toEqual(['a']);
  });

  test('claims the oldest first, and what is of its families before all else', async () => {
    const { newOwner, submitAll } = await kitOf();
    await submitAll(block('a', 'f'), block('b'), block('c'), block('d', 'f'));
    const owner = await newOwner('o1');
    expect(idsOf(await owner.claim(1))).toEqual(['a']);
    expect(idsOf(await owner.claim(3))).toEqual(['d', 'b']);
    expect(idsOf(await owner.claim(4))).toEqual(['c']);
    expect(await owner.claim(4)).toEqual([]);
  });

  test('has so many blocks in all as it wants, and leaves the others to others', async () => {
    const { board, newOwner, submitAll } = await kitOf();
    await submitAll(...Array.from({ length: 10 }, (_, number) => block(`b${number}`)));
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    const claims = await first.claim(3);
    expect(idsOf(claims)).toEqual(['b0', 'b1', 'b2']);
    expect(await first.claim(3)).toEqual([]);
    expect(idsOf(await second.claim(3))).toEqual(['b3', 'b4', 'b5']);
    expect(await second.claim(3)).toEqual([]);
    for (const claim of claims.slice(0, 2)) await first.end(claim);
    expect(idsOf(await first.claim(3))).toEqual(['b6', 'b7']);
    // What is to be stopped waits for no room, and a family stays together.
    await board.cancel('b9');
    expect(idsOf(await second.claim(3))).toEqual(['b9']);
    await board.submit(block('late', 'family of b4'));
    expect(await first.claim(3)).toEqual([]);
    expect(idsOf(await second.claim(3))).toEqual(['late']);
    expect(await board.find('b8')).toMatchObject({ owner: null });
  });

  test('leaves the blocks of a family to its owner until the last that was claimed has ended', async () => {
    const { newOwner, submitAll } = await kitOf();
    await submitAll(block('a', 'f'), block('b', 'f'));
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    const claim = await claimOne(first);
    expect(await second.claim(10)).toEqual([]);
    await first.end(claim);
    expect(idsOf(await second.claim(10))).toEqual(['b']);
  });

  test('hears of blocks to claim, of blocks to stop, and of what another gave back', async () => {
    const { board, newOwner, submitAll } = await kitOf();
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    await submitAll(block('b'));
    await claimOne(first);
    const claimed: string[] = [];
    const stopped = new Set<string>();
    second.onChange(async () => {
      claimed.push(...idsOf(await second.claim(10)));
      for (const id of await second.cancelled()) stopped.add(id);
    });
    await board.submit(block('a'));
    await expect.poll(() => claimed).toEqual(['a']);
    await board.cancel('a');
    await expect.poll(() => [...stopped]).toEqual(['a']);
    await first.close();
    await expect.poll(() => claimed).toEqual(['a', 'b']);
  });

  test('is told of a claim once, though it asks several times at once', async () => {
    const { newOwner, submitAll } = await kitOf();
    await submitAll(...Array.from({ length: 20 }, (_, number) => block(`b${number}`)));
    const owner = await newOwner('o1');
    const claims = await Promise.all(Array.from({ length: 10 }, (_, number) => owner.claim(2 * number + 2)));
    expect(new Set(idsOf(claims.flat())).size).toBe(20);
    expect(claims.flat()).toHaveLength(20);
  });

  test('claims nothing when it is closed, which it may be twice', async () => {
    const { newOwner, submitAll } = await kitOf();
    await submitAll(block('a'));
    const owner = await newOwner('o1');
    await owner.close();
    await owner.close();
    expect(await owner.claim(1)).toEqual([]);
  });

  test('cannot say anything of a block that another has by now', async () => {
    const { board, newOwner, submitAll } = await kitOf();
    await submitAll(block('a'));
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    const old = await claimOne(first);
    await first.close();
    const claim = await claimOne(second);
    await second.note(claim, PROVING);
    const lost = /o1 no longer owns block a \(token \d+\)/;
    await expectCode(first.note(old, { ...PROVING, done: 0 }), 'lease-lost', lost);
    await expectCode(first.histories(old), 'lease-lost', lost);
    await expectCode(first.remember(old, new Map([['j1', HISTORY]])), 'lease-lost', lost);
    await expectCode(first.credit(old, [proofSummary('j1')]), 'lease-lost', lost);
    await expectCode(first.end(old), 'lease-lost', lost);
    expect(await board.find('a')).toMatchObject({ owner: 'o2', done: 6 });
    expect(await board.credits('a')).toEqual([]);
    // Nor with what it knew of an earlier submission.
    await second.end(claim);
    await board.submit(block('a'));
    await claimOne(second);
    await expectCode(second.end(claim), 'lease-lost', /o2 no longer owns block a/);
  });

  test('may end a block twice: a reply may have been lost', async () => {
    const { newOwner, submitAll } = await kitOf();
    await submitAll(block('a'));
    const owner = await newOwner('o1');
    const claim = await claimOne(owner);
    await owner.end(claim);
    await owner.end(claim);
  });
}

function describeNotes(kitOf: KitOf): void {
  test('is known to its successor', async () => {
    const { board, newOwner, submitAll } = await kitOf();
    await submitAll(block('a'));
    const first = await newOwner('o1');
    const claim = await claimOne(first);
    expect(claim).toMatchObject({ ...block('a'), ageRank: 1, checked: false });
    expect(await first.histories(claim)).toEqual(new Map());
    await first.note(claim, PROVING);
    const many = Array.from({ length: 1_201 }, (_, number) => `j${number}`);
    await first.remember(claim, new Map(many.map((id) => [id, HISTORY])));
    await first.remember(claim, new Map([['j7', { ...HISTORY, attempt: 4 }]]));
    await first.credit(claim, many.map(proofSummary));
    await first.credit(claim, [{ ...proofSummary('j7'), workerId: 'machine.2' }]);
    await first.close();
    expect(await board.find('a')).toMatchObject({ state: 'queued', owner: null, done: 6 });

    const second = await newOwner('o2');
    const next = await claimOne(second);
    expect(next).toMatchObject({ ...block('a'), ageRank: 1, checked: true });
    expect(next.token).toBeGreaterThan(claim.token);
    const histories = await second.histories(next);
    expect(histories.size).toBe(1_201);
    expect([histories.get('j6')?.attempt, histories.get('j7')?.attempt]).toEqual([3, 4]);
    const credits = await board.credits('a');
    expect(credits).toHaveLength(1_201);
    const creditOf = (id: string): ProofSummary | undefined => credits.find(({ jobId }) => jobId === id);
    expect(creditOf('j6')).toEqual(proofSummary('j6'));
    expect(creditOf('j7')?.workerId).toBe('machine.2');
    expect([...(await board.credited('a'))].toSorted()).toEqual(many.toSorted());
  });

  test('says how far it is, and what is left out stays as it was; what is wanted of the block is kept', async () => {
    const { board, newOwner } = await kitOf();
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const wanted = { ...block('a'), deadlineAtMs: 1_700_000_480_000, keepProofs: true, trace };
    await board.submit(wanted);
    expect(await board.find('a')).toMatchObject({ deadlineAtMs: 1_700_000_480_000, keepProofs: true });
    const first = await newOwner('o1');
    const claim = await claimOne(first);
    expect(claim).toMatchObject(wanted);
    const cursor = { epoch: claim.token, seq: 7 };
    await first.note(claim, { ...PROVING, levels: LEVELS, forecast: FORECAST, lineageSeed: 'ab', cursor, work: WORK });
    await first.note(claim, { ...PROVING, done: 7 });
    const told = { levels: LEVELS, forecast: FORECAST, lineageSeed: 'ab', cursor, work: WORK };
    expect(await board.find('a')).toMatchObject({ ...told, state: 'proving', done: 7 });
    expect(await board.list()).toMatchObject([told]);
    await first.close();
    const second = await newOwner('o2');
    const next = await claimOne(second);
    expect(next).toMatchObject(wanted);
    expect(await board.find('a')).toMatchObject(told);
    await second.note(next, { ...PROVING, forecast: null });
    expect(await board.find('a')).toMatchObject({ ...told, forecast: null });
  });

  test('is gone with the block', async () => {
    const { board, newOwner, submitAll } = await kitOf();
    await submitAll(block('a'));
    const owner = await newOwner('o1');
    const claim = await claimOne(owner);
    await owner.note(claim, PROVING);
    await owner.credit(claim, [proofSummary('j1')]);
    await owner.remember(claim, new Map([['j1', HISTORY]]));
    expect(await board.credited('a')).toEqual(new Set(['j1']));
    await owner.end(claim);
    expect(await board.credits('a')).toEqual([]);
    expect(await board.credited('a')).toEqual(new Set());
    await submitAll(block('a'));
    const again = await claimOne(owner);
    expect(again).toMatchObject({ checked: false });
    expect(await board.credits('a')).toEqual([]);
    expect(await owner.histories(again)).toEqual(new Map());
    expect(await board.find('a')).toMatchObject({ done: 0 });
  });
}
