import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { BlockResult } from '../../proto/index.js';
import {
  chunkOf,
  describeBlockEvents,
  nextOf,
  placesOf,
  places as placesUpTo,
  type Teller,
} from '../../tests/conformance/block-events.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { RedisBlockBoard } from '../board/redis-block-board.js';
import { RedisHeart } from '../redis/redis-heart.js';
import { RedisKeys } from '../redis/redis-keys.js';
import { EVENTS_KEPT_MS } from './block-events.js';
import { RedisBlockEvents } from './redis-block-events.js';

const keys = new RedisKeys('espalier');
const BEFORE_ALL = { epoch: 0, seq: 0 };
const streamOf = (blockId: string) => keys.of('block', blockId, 'events');
let server: RedisServer;
let redis: Redis;
let heart: RedisHeart;
let board: RedisBlockBoard;
let events: RedisBlockEvents;
const troubles: string[] = [];

async function open(): Promise<void> {
  redis = await server.client();
  heart = await RedisHeart.start({ url: server.url });
  board = await RedisBlockBoard.open({ url: server.url });
  events = await RedisBlockEvents.open({ url: server.url, onTrouble: (message) => troubles.push(message) });
}

async function close(): Promise<void> {
  await Promise.all([events.close(), board.close(), heart.close()]);
  await server.stop();
}

let owners = 0;

/** Takes the block from whoever has it, as if that were dead. */
async function own(blockId: string): Promise<Teller> {
  const submitted = { blockId, family: blockId, transactions: 1, calls: 0, submittedAtMs: 0 };
  await board.submit(submitted);
  const before = (await board.find(blockId))?.owner;
  if (before) await heart.remove(before);
  await redis.set(keys.watched, 1);
  const owner = await board.owner(`o${++owners}`, heart);
  const claims = await owner.claim(100);
  const claim = claims.find((one) => one.blockId === blockId);
  if (claim === undefined) throw new Error(`block ${blockId} could not be claimed`);
  return {
    epoch: claim.token,
    publish: (chunk) => owner.publish(claim, chunk),
    end: () => owner.end(claim),
  };
}

describe('in one Redis', () => {
  beforeAll(async () => {
    server = await startRedis();
    await open();
  });
  afterAll(() => close());
  beforeEach(() => {
    troubles.length = 0;
  });

  describeBlockEvents('RedisBlockEvents', async () => ({ events, own }));

  test('a reader hears within milliseconds', async () => {
    const { epoch, publish } = await own('quick');
    const reader = events.follow('quick');
    onTestFinished(() => reader.close());
    await publish(chunkOf(epoch, 1));
    await placesOf(reader, BEFORE_ALL, { epoch, seq: 1 });
    const delaysMs: number[] = [];
    for (let seq = 2; seq <= 200; seq++) {
      const startMs = performance.now();
      const heard = nextOf(reader, { epoch, seq: seq - 1 });
      await publish(chunkOf(epoch, seq));
      await heard;
      delaysMs.push(performance.now() - startMs);
    }
    delaysMs.sort((a, b) => a - b);
    expect(delaysMs[100]).toBeLessThan(20);
  });

  test('what an ended block leaves is one key, which expires, unless the block is submitted again', async () => {
    const first = await own('ended');
    await first.publish(chunkOf(first.epoch, 1, 3));
    expect(await redis.pttl(streamOf('ended'))).toBe(-1);
    await first.end();
    expect(await redis.keys(keys.of('block', 'ended*'))).toEqual([streamOf('ended')]);
    const ttlMs = await redis.pttl(streamOf('ended'));
    expect(ttlMs).toBeGreaterThan(EVENTS_KEPT_MS - 5_000);
    expect(ttlMs).toBeLessThanOrEqual(EVENTS_KEPT_MS);
    const second = await own('ended');
    expect(await redis.pttl(streamOf('ended'))).toBe(-1);
    expect(await board.find('ended')).toMatchObject({ cursor: { epoch: first.epoch, seq: 3 } });
    await second.end();
    expect(await redis.pttl(streamOf('ended'))).toBeGreaterThan(0);
  });

  test('a block that is submitted again when all was forgotten begins anew, and no earlier place is known', async () => {
    const first = await own('expired');
    await first.publish(chunkOf(first.epoch, 1, 3));
    const reader = events.follow('expired');
    onTestFinished(() => reader.close());
    const end = { epoch: first.epoch, seq: 3 };
    await placesOf(reader, BEFORE_ALL, end);
    await first.end();
    await redis.del(streamOf('expired'));
    const second = await own('expired');
    expect(await board.find('expired')).toMatchObject({ cursor: null });
    await second.publish(chunkOf(second.epoch, 1, 2));
    expect(await nextOf(reader, end)).toBe('gone');
    const heard = await placesOf(reader, BEFORE_ALL, { epoch: second.epoch, seq: 2 });
    expect(heard).toEqual(placesUpTo(second.epoch, 1, 2));
  });

  test('whoever reads an ended block to its end does so though it expires meanwhile', async () => {
    const { epoch, publish, end } = await own('read out');
    const result: BlockResult = {
      blockId: 'read out',
      state: 'cancelled',
      transactions: 1,
      calls: 0,
      jobs: 0,
      submittedAtMs: 0,
      endedAtMs: 1,
      rootId: null,
      error: null,
      failedJob: null,
      lineageSeed: null,
    };
    await publish({ epoch, first: 1, events: [{ kind: 'ended', atMs: 1, result }] });
    const reader = events.follow('read out');
    onTestFinished(() => reader.close());
    await placesOf(reader, BEFORE_ALL, { epoch, seq: 1 });
    await end();
    await redis.del(streamOf('read out'));
    // Has it look at the stream.
    const other = events.follow('read out');
    expect(await nextOf(other, { epoch, seq: 2 })).toBe('gone');
    other.close();
    expect(reader.read(BEFORE_ALL, 10)).toHaveLength(1);
  });

  test('what Redis has lost is gone for its readers, and they go on with what is told then', async () => {
    const lost = await own('lost');
    const reader = events.follow('lost');
    onTestFinished(() => reader.close());
    await lost.publish(chunkOf(lost.epoch, 1, 3));
    await placesOf(reader, BEFORE_ALL, { epoch: lost.epoch, seq: 3 });
    await redis.del(streamOf('lost'));
    expect(await nextOf(reader, { epoch: lost.epoch, seq: 3 })).toBe('gone');
    expect(reader.read(BEFORE_ALL, 10)).toEqual([]);
    await lost.publish(chunkOf(lost.epoch, 4, 2));
    expect(await nextOf(reader, BEFORE_ALL)).toBe('gone');
    const heard = await placesOf(reader, { epoch: lost.epoch, seq: 3 }, { epoch: lost.epoch, seq: 5 });
    expect(heard).toEqual(placesUpTo(lost.epoch, 4, 5));
  });

  test('no connection that breaks costs a reader an event', async () => {
    const { epoch, publish } = await own('cut');
    const reader = events.follow('cut');
    onTestFinished(() => reader.close());
    const heard = placesOf(reader, BEFORE_ALL, { epoch, seq: 300 });
    for (let seq = 1; seq <= 300; seq++) {
      await publish(chunkOf(epoch, seq));
      if (seq % 20 === 0) await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      if (seq % 50 === 0) await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    expect(await heard).toEqual(placesUpTo(epoch, 1, 300));
  });

  test('what someone garbled is a gap, and is told', async () => {
    const { epoch, publish } = await own('garbled');
    await publish(chunkOf(epoch, 1));
    const bad = '[{"kind":"job-started","atMs":"now"}]';
    await redis.xadd(streamOf('garbled'), `${epoch}-2`, 'after', `${epoch}-1`, 'told', '2', 'events', bad);
    await publish(chunkOf(epoch, 3));
    const reader = events.follow('garbled');
    onTestFinished(() => reader.close());
    expect(await placesOf(reader, { epoch, seq: 2 }, { epoch, seq: 3 })).toEqual(placesUpTo(epoch, 3, 3));
    expect(reader.read({ epoch, seq: 1 }, 10)).toBe('gone');
    // Of the connections that the test before has cut more may be told at any time.
    const ofBlock = troubles.filter((trouble) => trouble.includes('garbled'));
    expect(ofBlock).toEqual([expect.stringMatching(/^what was told of block garbled: 0\.atMs: /)]);
    await redis.publish(streamOf('garbled'), 'nonsense');
    await redis.publish(streamOf('garbled'), `${epoch}-3 99999999999999999999-1 []`);
    await publish(chunkOf(epoch, 4));
    expect(await placesOf(reader, { epoch, seq: 3 }, { epoch, seq: 4 })).toEqual(placesUpTo(epoch, 4, 4));
  });

  test('follows 500 blocks at once, each in its own place', async () => {
    const ids = Array.from({ length: 500 }, (_, number) => `many-${number}`);
    for (const blockId of ids) {
      await board.submit({ blockId, family: 'many', transactions: 1, calls: 0, submittedAtMs: 0 });
    }
    const owner = await board.owner('of many', heart);
    onTestFinished(() => owner.close());
    const claims = await owner.claim(1_000);
    const readers = ids.map((id) => events.follow(id));
    await Promise.all(claims.map((claim) => owner.publish(claim, chunkOf(claim.token, 1, 2))));
    const tokens = new Map(claims.map(({ blockId, token }) => [blockId, token]));
    const heard = readers.map((reader, index) =>
      placesOf(reader, BEFORE_ALL, { epoch: tokens.get(ids[index] ?? '') ?? 0, seq: 2 }),
    );
    expect((await Promise.all(heard)).every((places) => places.length === 2)).toBe(true);
    for (const reader of readers) reader.close();
  });
});

describe('a Redis that is killed', () => {
  beforeEach(async () => {
    server = await startRedis({ appendfsync: 'always' });
    await open();
    return close;
  });

  test('and back with all it had: readers go on', async () => {
    const { epoch, publish } = await own('a');
    const reader = events.follow('a');
    await publish(chunkOf(epoch, 1, 2));
    await placesOf(reader, BEFORE_ALL, { epoch, seq: 2 });
    await server.kill();
    const told = publish(chunkOf(epoch, 3));
    await server.restart();
    await told;
    expect(await placesOf(reader, { epoch, seq: 2 }, { epoch, seq: 3 })).toEqual(placesUpTo(epoch, 3, 3));
  });

  test('and back with nothing: readers are told, and hear what a new owner tells', async () => {
    // An epoch that the new Redis does not come to.
    await redis.set(keys.of('counter'), 1_000);
    const first = await own('a');
    const reader = events.follow('a');
    await first.publish(chunkOf(first.epoch, 1, 2));
    const end = { epoch: first.epoch, seq: 2 };
    await placesOf(reader, BEFORE_ALL, end);
    await redis.flushall();
    await server.kill();
    await server.restart();
    expect(await nextOf(reader, end)).toBe('gone');
    const second = await own('a');
    expect(second.epoch).toBeLessThan(first.epoch);
    await second.publish(chunkOf(second.epoch, 1, 2));
    const heard = await placesOf(reader, BEFORE_ALL, { epoch: second.epoch, seq: 2 });
    expect(heard).toEqual(placesUpTo(second.epoch, 1, 2));
    // Whoever comes back with a place of the time before.
    expect(await nextOf(events.follow('a'), end)).toBe('gone');
  });

  test('and stays away: what listens can be closed', async () => {
    const reader = events.follow('a');
    reader.read(BEFORE_ALL, 1);
    await server.kill();
    const startMs = performance.now();
    await events.close();
    expect(performance.now() - startMs).toBeLessThan(1_000);
    reader.close();
  });
});
