import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pass, setInterval } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../common/index.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { SESSION_TTL_MS } from '../redis/heart.js';
import { RedisHeart } from '../redis/redis-heart.js';
import { RedisKeys } from '../redis/redis-keys.js';
import type { BlockOwner } from './block-board.js';
import { RedisBlockBoard } from './redis-block-board.js';

/** Who owns a block when orchestrators die, Redis goes away, and connections break. */

const keys = new RedisKeys('espalier');
let server: RedisServer;
let redis: Redis;
let board: RedisBlockBoard;
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  // What is lost of the last second is not what is tested, and a busy disk may make that more.
  server = await startRedis({ appendfsync: 'always' });
  redis = await server.client();
  board = await RedisBlockBoard.open({ url: server.url });
  return async () => {
    for (const close of closing.splice(0)) await close();
    await board.close();
    await server.stop();
  };
});

async function newOwner(ownerId: string): Promise<BlockOwner> {
  const heart = await RedisHeart.start({ url: server.url });
  const owner = await board.owner(ownerId, heart);
  closing.push(
    () => owner.close(),
    () => heart.close(),
  );
  return owner;
}

const submit = (blockId: string, family: string) =>
  board.submit({ blockId, family, transactions: 1, calls: 1, submittedAtMs: 0 });
const ids = (blocks: readonly { blockId: string }[]) => blocks.map(({ blockId }) => blockId);

/** Another process, which has claimed these. */
async function startOrchestrator(ownerId: string, expected: readonly string[]): Promise<ChildProcess> {
  const file = join(packageRoot(import.meta.url), 'tests', 'fixtures', 'block-owner.mjs');
  const child = spawn(process.execPath, [file, server.url, ownerId], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line');
  expect(JSON.parse(line)).toEqual(expected);
  return child;
}

test('what a killed orchestrator had is taken over by another, which hears of it', async () => {
  await submit('a', 'f');
  await submit('b', 'g');
  const owner = await newOwner('o1');
  const victim = await startOrchestrator('o2', ['a', 'b']);
  // There is grace, since nobody has looked for the dead before.
  await expect.poll(() => redis.exists(keys.grace), { timeout: 10_000 }).toBe(0);
  const claimed: string[] = [];
  owner.onChange(async () => {
    claimed.push(...ids(await owner.claim(10)));
  });
  victim.kill('SIGKILL');
  const killedAtMs = performance.now();
  await expect.poll(() => claimed, { timeout: 10_000, interval: 10 }).toEqual(['a', 'b']);
  // The key's time to live and a look.
  expect(performance.now() - killedAtMs).toBeLessThan(SESSION_TTL_MS + 2_000);
});

test('nobody is declared dead because Redis was away', async () => {
  await submit('a', 'f');
  const other = await startOrchestrator('o2', ['a']);
  const owner = await newOwner('o1');
  // It lives, but cannot beat before the others look.
  other.kill('SIGSTOP');
  await server.kill();
  // The time that Redis is away is what is tested: until all keys have expired.
  await pass(SESSION_TTL_MS + 200);
  await server.restart();
  await expect.poll(() => redis.exists(keys.grace)).toBe(1);
  expect(await redis.exists(keys.alive('o2'))).toBe(0);
  expect(await owner.claim(10)).toEqual([]);
  expect(await board.find('a')).toMatchObject({ owner: 'o2' });
  other.kill('SIGCONT');
  await expect.poll(() => redis.exists(keys.alive('o2')), { timeout: 3_000 }).toBe(1);
  await expect.poll(() => redis.exists(keys.grace), { timeout: 10_000 }).toBe(0);
  expect(await owner.claim(10)).toEqual([]);
  expect(await board.find('a')).toMatchObject({ owner: 'o2' });
});

test('what was noted before Redis was killed is there when it is back, and claims hold', async () => {
  await submit('a', 'f');
  const owner = await newOwner('o1');
  const [claim] = await owner.claim(1);
  if (claim === undefined) throw new Error('there was nothing to claim');
  await owner.note(claim, { state: 'proving', checked: true, jobs: 5, done: 1, running: 1 });
  await server.kill();
  const noted = owner.note(claim, { state: 'proving', checked: true, jobs: 5, done: 2, running: 1 });
  await server.restart();
  await noted;
  expect(await board.find('a')).toMatchObject({ owner: 'o1', done: 2 });
  await owner.end(claim);
});

test('an owner can be closed while Redis is away', async () => {
  const owner = await newOwner('o1');
  await server.kill();
  const startMs = performance.now();
  await owner.close();
  expect(performance.now() - startMs).toBeLessThan(5_000);
});

test('no family has two owners and no block ends twice, though connections break all the time', async () => {
  const BLOCKS = 240;
  const FAMILIES = 24;
  for (let number = 0; number < BLOCKS; number++) await submit(`b${number}`, `f${number % FAMILIES}`);
  const holders = new Map<string, { readonly owner: BlockOwner; readonly blocks: number }>();
  const ended: string[] = [];
  const conflicts: string[] = [];
  async function work(owner: BlockOwner): Promise<void> {
    while (ended.length < BLOCKS) {
      const claims = await owner.claim(3);
      for (const { family, blockId } of claims) {
        const holder = holders.get(family);
        if (holder !== undefined && holder.owner !== owner) conflicts.push(blockId);
        holders.set(family, { owner, blocks: (holder?.blocks ?? 0) + 1 });
      }
      for (const claim of claims) {
        await owner.note(claim, { state: 'proving', checked: true, jobs: 1, done: 1, running: 0 });
        // Before it is down for the others: their claims may be heard of before the reply to this.
        const blocks = (holders.get(claim.family)?.blocks ?? 0) - 1;
        if (blocks > 0) holders.set(claim.family, { owner, blocks });
        else holders.delete(claim.family);
        ended.push(claim.blockId);
        await owner.end(claim);
      }
    }
  }
  const owners = await Promise.all(['o1', 'o2', 'o3'].map(newOwner));
  let cuts = 0;
  const cutting = (async () => {
    for await (const _ of setInterval(20)) {
      if (ended.length >= BLOCKS) return;
      cuts += Number(await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
    }
  })();
  await Promise.all([...owners.map(work), cutting]);
  expect(conflicts).toEqual([]);
  expect(ended.toSorted()).toEqual(Array.from({ length: BLOCKS }, (_, number) => `b${number}`).toSorted());
  expect(cuts).toBeGreaterThan(10);
  await Promise.all(owners.map((owner) => owner.close()));
  const left = (await redis.keys('*')).filter((key) => key !== keys.watched && key !== keys.grace);
  expect(left).toEqual([keys.of('counter')]);
});
