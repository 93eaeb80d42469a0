import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Forecast, JobHistoryRecord, LevelProgress, ProofSummary } from '../../proto/index.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { RedisHeart } from '../redis/redis-heart.js';
import { RedisKeys } from '../redis/redis-keys.js';
import type { BlockOwner, BlockProgress, SubmittedBlock } from './block-board.js';
import { RedisBlockBoard } from './redis-block-board.js';

const keys = new RedisKeys('espalier');
let server: RedisServer;
let redis: Redis;
let heart: RedisHeart;
let board: RedisBlockBoard;
const troubles: string[] = [];
beforeAll(async () => {
  server = await startRedis();
  redis = await server.client();
  heart = await RedisHeart.start({ url: server.url });
  board = await RedisBlockBoard.open({ url: server.url, onTrouble: (message) => troubles.push(message) });
});
afterAll(async () => {
  await board.close();
  await heart.close();
  await server.stop();
});
beforeEach(async () => {
  troubles.length = 0;
  await redis.flushall();
  // Somebody has been looking for the dead all along: there is no grace.
  await redis.set(keys.watched, 1);
});

const block = (blockId: string, family = `family of ${blockId}`): SubmittedBlock => ({
  blockId,
  family,
  transactions: 3,
  calls: 4,
  submittedAtMs: 1_700_000_000_000,
});
const submitAll = (...blocks: SubmittedBlock[]) => Promise.all(blocks.map((one) => board.submit(one)));
const ids = (blocks: readonly { blockId: string }[]) => blocks.map(({ blockId }) => blockId);
const PROVING: BlockProgress = { state: 'proving', checked: true, jobs: 15, done: 6, running: 2 };

const LEVELS: readonly LevelProgress[] = [
  { name: 'vm', jobs: 8, done: 6, running: 2 },
  { name: 'root', jobs: 1, done: 0, running: 0 },
];
const FORECAST: Forecast = {
  rootAtMs: 1_700_000_500_000,
  demand: [{ resourceClass: 'vm', queued: 3, running: 2, soon: 1, soonMs: 30_000, slots: 2 }],
  late: {
    ...{ cause: 'workers', resourceClass: 'vm', missingSlots: 3, missingWorkers: 2 },
    message: 'the class vm is short by 2 workers',
  },
};

async function newOwner(ownerId: string): Promise<BlockOwner> {
  const owner = await board.owner(ownerId, heart);
  onTestFinished(() => owner.close());
  return owner;
}

async function claimOne(owner: BlockOwner) {
  const [claim] = await owner.claim(1);
  if (claim === undefined) throw new Error('there was nothing to claim');
  return claim;
}

function summary(jobId: string): ProofSummary {
  return {
    jobId,
    circuit: 'merge-rollup',
    keyHash: 'ab',
    prover: { kind: 'simulated', version: '1', srs: 'none' },
    workerId: 'machine.1',
    startedAtMs: 1,
    finishedAtMs: 2,
    threads: 2,
    usage: { wallMs: 1, cpuMs: null, peakMemoryBytes: null },
    timings: { queuedMs: 0, witnessMs: 1, proveMs: 2, verifyMs: 3, storeMs: 4 },
    attempts: 1,
    signature: null,
  };
}

describe('an open block', () => {
  test('an orchestrator leaves alone what was made with another SRS than its own', async () => {
    await submitAll({ ...block('a'), srs: 'none' }, { ...block('b'), srs: 'development' }, block('c'));
    const owner = await board.owner('o1', heart, 'development');
    onTestFinished(() => owner.close());
    expect(ids(await owner.claim(10)).sort()).toEqual(['b', 'c']);
    expect(ids(await (await newOwner('o2')).claim(10))).toEqual(['a']);
  });

  test('is found and listed, the oldest first, until it has ended', async () => {
    await board.submit(block('b'));
    await board.submit(block('a'));
    expect(await board.find('b')).toEqual({
      ...{ blockId: 'b', state: 'queued', transactions: 3, calls: 4, submittedAtMs: 1_700_000_000_000 },
      ...{ owner: null, jobs: 0, done: 0, running: 0, levels: [], forecast: null, deadlineAtMs: null },
      ...{ keepProofs: false, lineageSeed: null, cursor: null },
    });
    expect(ids(await board.list())).toEqual(['b', 'a']);
    const owner = await newOwner('o1');
    const claim = await claimOne(owner);
    expect(await board.find('b')).toMatchObject({ state: 'preparing', owner: 'o1' });
    await owner.note(claim, PROVING);
    expect(await board.find('b')).toMatchObject({ state: 'proving', owner: 'o1', jobs: 15, done: 6, running: 2 });
    await owner.end(claim);
    expect(await board.find('b')).toBeUndefined();
    expect(ids(await board.list())).toEqual(['a']);
  });

  test('says by when it is wanted and what is to be kept, and what its owners told of it last', async () => {
    const wanted = { ...block('a'), deadlineAtMs: 1_700_000_480_000, keepProofs: true };
    await board.submit(wanted);
    expect(await board.find('a')).toMatchObject({ deadlineAtMs: 1_700_000_480_000, keepProofs: true });
    const first = await newOwner('o1');
    const claim = await claimOne(first);
    expect(claim).toMatchObject(wanted);
    const cursor = { epoch: claim.token, seq: 7 };
    await first.note(claim, { ...PROVING, levels: LEVELS, forecast: FORECAST, lineageSeed: 'ab', cursor });
    await first.note(claim, { ...PROVING, done: 7 });
    const told = { levels: LEVELS, forecast: FORECAST, lineageSeed: 'ab', cursor };
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

  test('is one, however often it is submitted at once', async () => {
    const replies = await Promise.all(Array.from({ length: 1_000 }, () => board.submit(block('a'))));
    expect(replies.filter((reply) => reply === 'submitted')).toHaveLength(1);
    expect(ids(await board.list())).toEqual(['a']);
    expect(await (await newOwner('o1')).claim(10)).toHaveLength(1);
    expect(await board.submit(block('a'))).toBe('open');
  });

  test('can be cancelled, claimed or not', async () => {
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

  test('leaves nothing behind', async () => {
    await submitAll(block('a', 'f'), block('b', 'f'), block('c'));
    const owner = await newOwner('o1');
    await board.cancel('b');
    for (const claim of await owner.claim(10)) {
      await owner.note(claim, PROVING);
      await owner.credit(claim, [summary('j1')]);
      await owner.remember(claim, new Map([['j1', HISTORY]]));
      await owner.end(claim);
      await owner.end(claim);
    }
    // Tokens never repeat, so their counter stays.
    const left = [keys.of('counter'), keys.alive('o1'), keys.watched];
    expect((await redis.keys('*')).toSorted()).toEqual(left.toSorted());
    await owner.close();
    expect(await redis.exists(keys.alive('o1'))).toBe(0);
  });

  test('is one of 10,000 at most', async () => {
    const all = Array.from({ length: 10_000 }, (_, number) => block(`b${number}`));
    await submitAll(...all);
    const error = await expectCode(board.submit(block('one more')), 'queue-full', /10000 blocks are open already/);
    expect(error.retryable).toBe(true);
    expect(await board.submit(block('b7'))).toBe('open');
    expect(ids(await board.list())).toEqual(ids(all));
    expect(ids(await (await newOwner('o1')).claim(2))).toEqual(['b0', 'b1']);
  });

  test('that someone garbled does not hide the others', async () => {
    await submitAll(block('a'), block('b'), block('c'));
    await redis.hset(keys.of('block', 'a'), 'submitted', '{');
    await redis.hset(keys.of('block', 'b'), 'progress', '{"state":"lost"}');
    await expectCode(board.find('a'), 'store-corrupt', /block a on the board: not JSON/);
    expect(ids(await board.list())).toEqual(['c']);
    const owner = await newOwner('o1');
    const claims = await owner.claim(10);
    expect(ids(claims)).toEqual(['c']);
    for (const claim of claims) await owner.credit(claim, [summary('j1'), summary('j2')]);
    await redis.hset(keys.of('block', 'c', 'credits'), 'j1', '{}');
    expect(await board.credits('c')).toEqual([summary('j2')]);
    expect(troubles.at(-1)).toMatch(/^what is credited for job j1: /);
    expect(troubles.slice(0, 2)).toEqual([
      'block a on the board: not JSON',
      expect.stringMatching(/^block b on the board: state: Invalid option/),
    ]);
  });
});

const HISTORY: JobHistoryRecord = {
  attempt: 3,
  failures: { 'prover-crashed': 2 },
  voidUpToAttempt: 1,
  lostOn: ['machine'],
  escalatedTo: 'vm',
};

describe('an owner', () => {
  test('claims the oldest first, and what is of its families before all else', async () => {
    for (const one of [block('a', 'f'), block('b'), block('c'), block('d', 'f')]) await board.submit(one);
    const owner = await newOwner('o1');
    expect(ids(await owner.claim(1))).toEqual(['a']);
    expect(ids(await owner.claim(3))).toEqual(['d', 'b']);
    expect(ids(await owner.claim(4))).toEqual(['c']);
    expect(await owner.claim(4)).toEqual([]);
  });

  test('has so many blocks in all as it wants, and leaves the others to others', async () => {
    for (let number = 0; number < 10; number++) await board.submit(block(`b${number}`));
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    const claims = await first.claim(3);
    expect(ids(claims)).toEqual(['b0', 'b1', 'b2']);
    expect(await first.claim(3)).toEqual([]);
    expect(ids(await second.claim(3))).toEqual(['b3', 'b4', 'b5']);
    expect(await second.claim(3)).toEqual([]);
    for (const claim of claims.slice(0, 2)) await first.end(claim);
    expect(ids(await first.claim(3))).toEqual(['b6', 'b7']);
    // What is to be stopped waits for no room, and a family stays together.
    await board.cancel('b9');
    expect(ids(await second.claim(3))).toEqual(['b9']);
    await board.submit(block('late', 'family of b4'));
    expect(await first.claim(3)).toEqual([]);
    expect(ids(await second.claim(3))).toEqual(['late']);
    expect(await board.find('b8')).toMatchObject({ owner: null });
  });

  test('leaves the blocks of a family to its owner until the last that was claimed has ended', async () => {
    for (const one of [block('a', 'f'), block('b', 'f')]) await board.submit(one);
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    const claim = await claimOne(first);
    expect(await second.claim(10)).toEqual([]);
    await first.end(claim);
    expect(ids(await second.claim(10))).toEqual(['b']);
  });

  test('goes on where another stopped', async () => {
    await board.submit(block('a'));
    const first = await newOwner('o1');
    const claim = await claimOne(first);
    expect(claim).toMatchObject({ ...block('a'), ageRank: 1, checked: false });
    expect(await first.histories(claim)).toEqual(new Map());
    await first.note(claim, PROVING);
    const many = Array.from({ length: 1_201 }, (_, number) => `j${number}`);
    await first.remember(claim, new Map(many.map((id) => [id, HISTORY])));
    await first.remember(claim, new Map([['j7', { ...HISTORY, attempt: 4 }]]));
    await first.credit(claim, many.map(summary));
    await first.credit(claim, [{ ...summary('j7'), workerId: 'machine.2' }]);
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
    expect(credits.find(({ jobId }) => jobId === 'j6')).toEqual(summary('j6'));
    expect(credits.find(({ jobId }) => jobId === 'j7')?.workerId).toBe('machine.2');
  });

  test('hears of blocks to claim, of blocks to stop, and of what another gave back', async () => {
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    await board.submit(block('b'));
    await claimOne(first);
    const claimed: string[] = [];
    const stopped = new Set<string>();
    second.onChange(async () => {
      claimed.push(...ids(await second.claim(10)));
      for (const id of await second.cancelled()) stopped.add(id);
    });
    await board.submit(block('a'));
    await expect.poll(() => claimed).toEqual(['a']);
    await board.cancel('a');
    await expect.poll(() => [...stopped]).toEqual(['a']);
    await first.close();
    await expect.poll(() => claimed).toEqual(['a', 'b']);
  });

  test('is told again of a claim whose reply it never got', async () => {
    await board.submit(block('a'));
    const claims = await (await newOwner('o1')).claim(10);
    // The same session, which knows of nothing.
    const again = await newOwner('o1');
    expect(await again.claim(10)).toEqual(claims);
    expect(await again.claim(10)).toEqual([]);
  });

  test('is told of a claim once, though it asks several times at once', async () => {
    await submitAll(...Array.from({ length: 20 }, (_, number) => block(`b${number}`)));
    const owner = await newOwner('o1');
    const claims = await Promise.all(Array.from({ length: 10 }, (_, number) => owner.claim(2 * number + 2)));
    expect(new Set(ids(claims.flat())).size).toBe(20);
    expect(claims.flat()).toHaveLength(20);
  });

  test('claims nothing while its session is not alive', async () => {
    await board.submit(block('a'));
    const owner = await newOwner('o1');
    await heart.remove('o1');
    expect(await owner.claim(1)).toEqual([]);
    await heart.add('o1');
    expect(await owner.claim(1)).toHaveLength(1);
  });

  test('cannot say anything of a block that another has by now', async () => {
    await board.submit(block('a'));
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    const old = await claimOne(first);
    await heart.remove('o1');
    const claim = await claimOne(second);
    await second.note(claim, PROVING);
    const lost = /o1 no longer owns block a \(token \d+\)/;
    await expectCode(first.note(old, { ...PROVING, done: 0 }), 'lease-lost', lost);
    await expectCode(first.histories(old), 'lease-lost', lost);
    await expectCode(first.remember(old, new Map([['j1', HISTORY]])), 'lease-lost', lost);
    await expectCode(first.credit(old, [summary('j1')]), 'lease-lost', lost);
    await expectCode(first.end(old), 'lease-lost', lost);
    expect(await board.find('a')).toMatchObject({ owner: 'o2', done: 6 });
    expect(await board.credits('a')).toEqual([]);
    // Nor with what it knew of an earlier submission.
    await second.end(claim);
    await board.submit(block('a'));
    await claimOne(second);
    await expectCode(second.end(claim), 'lease-lost', /o2 no longer owns block a/);
  });
});

describe('a Redis that is full', () => {
  beforeEach(async () => {
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    return () => redis.config('SET', 'maxmemory', '0');
  });

  test('takes no new blocks, and lets those that are there go on and end', async () => {
    await submitAll(block('a'), block('b'), block('c'));
    await redis.config('SET', 'maxmemory', '1');
    await expectCode(board.submit(block('d')), 'queue-unavailable', /OOM/);
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    const [a, b] = await first.claim(2);
    if (a === undefined || b === undefined) throw new Error('there were two to claim');
    await first.note(a, PROVING);
    await first.remember(a, new Map([['j1', HISTORY]]));
    expect((await first.histories(a)).size).toBe(1);
    await first.credit(a, [summary('j1')]);
    expect(await board.cancel('b')).toBe(true);
    expect(await first.cancelled()).toEqual(['b']);
    await first.end(a);
    await first.close();
    expect(ids(await second.claim(10))).toEqual(['b', 'c']);
  });
});

test('a board that is closed refuses, and does not hang', async () => {
  const closed = await RedisBlockBoard.open({ url: server.url });
  await closed.close();
  await expectCode(closed.submit(block('a')), 'queue-unavailable', /Redis did not carry out a command: .*closed/);
});
