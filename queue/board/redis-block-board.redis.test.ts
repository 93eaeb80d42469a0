import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { describeBlockBoard } from '../../tests/conformance/block-board.js';
import { claimOne, HISTORY, idsOf, PROVING, proofSummary, submittedBlock } from '../../tests/support/board-samples.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { RedisHeart } from '../redis/redis-heart.js';
import { RedisKeys } from '../redis/redis-keys.js';
import type { BlockOwner, SubmittedBlock } from './block-board.js';
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

const block = submittedBlock;
const submitAll = (...blocks: SubmittedBlock[]) => Promise.all(blocks.map((one) => board.submit(one)));
async function newOwner(ownerId: string): Promise<BlockOwner> {
  const owner = await board.owner(ownerId, heart);
  onTestFinished(() => owner.close());
  return owner;
}

describeBlockBoard('RedisBlockBoard', async () => ({
  board,
  owner: (ownerId, srs) => board.owner(ownerId, heart, srs),
}));

describe('an open block', () => {
  test('leaves nothing behind', async () => {
    await submitAll(block('a', 'f'), block('b', 'f'), block('c'));
    const owner = await newOwner('o1');
    await board.cancel('b');
    for (const claim of await owner.claim(10)) {
      await owner.note(claim, PROVING);
      await owner.credit(claim, [proofSummary('j1')]);
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

  test('that someone garbled does not hide the others', async () => {
    await submitAll(block('a'), block('b'), block('c'));
    await redis.hset(keys.of('block', 'a'), 'submitted', '{');
    await redis.hset(keys.of('block', 'b'), 'progress', '{"state":"lost"}');
    await expectCode(board.find('a'), 'store-corrupt', /block a on the board: not JSON/);
    expect(idsOf(await board.list())).toEqual(['c']);
    const owner = await newOwner('o1');
    const claims = await owner.claim(10);
    expect(idsOf(claims)).toEqual(['c']);
    for (const claim of claims) await owner.credit(claim, [proofSummary('j1'), proofSummary('j2')]);
    await redis.hset(keys.of('block', 'c', 'credits'), 'j1', '{}');
    expect(await board.credits('c')).toEqual([proofSummary('j2')]);
    expect(troubles.at(-1)).toMatch(/^what is credited for job j1: /);
    expect(troubles.slice(0, 2)).toEqual([
      'block a on the board: not JSON',
      expect.stringMatching(/^block b on the board: state: Invalid option/),
    ]);
  });
});

describe('between versions', () => {
  const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  test('a block with a trace reads as ever for those that know of none: it has a field of its own', async () => {
    await submitAll({ ...block('a'), trace: TRACE }, { ...block('b'), trace: TRACE });
    const [submitted, trace] = await redis.hmget(keys.of('block', 'a'), 'submitted', 'trace');
    expect([JSON.parse(submitted ?? ''), trace]).toEqual([block('a'), TRACE]);
    await redis.hset(keys.of('block', 'b'), 'trace', '01-of-another-form');
    const claims = await (await newOwner('o1')).claim(10);
    expect(claims.map(({ blockId, trace }) => [blockId, trace])).toEqual([
      ['a', TRACE],
      ['b', undefined],
    ]);
  });

  test.each(['{', '{"ownShare":2}', '{"groups":"none"}'])(
    'work told as %s is none, and hides no block',
    async (work) => {
      await board.submit(block('a'));
      await redis.hset(keys.of('block', 'a'), 'work', work);
      expect(await board.list()).toMatchObject([{ blockId: 'a', work: null }]);
      expect(troubles).toEqual([]);
    },
  );
});

describe('an owner', () => {
  test('is told again of a claim whose reply it never got', async () => {
    await board.submit(block('a'));
    const claims = await (await newOwner('o1')).claim(10);
    // The same session, which knows of nothing.
    const again = await newOwner('o1');
    expect(await again.claim(10)).toEqual(claims);
    expect(await again.claim(10)).toEqual([]);
  });

  test('claims nothing while its session is not alive', async () => {
    await board.submit(block('a'));
    const owner = await newOwner('o1');
    await heart.remove('o1');
    expect(await owner.claim(1)).toEqual([]);
    await heart.add('o1');
    expect(await owner.claim(1)).toHaveLength(1);
  });

  test('whose session ended is not believed any more', async () => {
    await board.submit(block('a'));
    const [first, second] = [await newOwner('o1'), await newOwner('o2')];
    const old = await claimOne(first);
    await heart.remove('o1');
    const claim = await claimOne(second);
    await expectCode(first.note(old, PROVING), 'lease-lost', /o1 no longer owns block a \(token \d+\)/);
    await second.note(claim, PROVING);
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
    await first.credit(a, [proofSummary('j1')]);
    expect(await board.cancel('b')).toBe(true);
    expect(await first.cancelled()).toEqual(['b']);
    await first.end(a);
    await first.close();
    expect(idsOf(await second.claim(10))).toEqual(['b', 'c']);
  });
});

test('a board that is closed refuses, and does not hang', async () => {
  const closed = await RedisBlockBoard.open({ url: server.url });
  await closed.close();
  await expectCode(closed.submit(block('a')), 'queue-unavailable', /Redis did not carry out a command: .*closed/);
});
