import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setInterval } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { EspalierError, packageRoot } from '../../common/index.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { watchThreads } from '../../tests/support/live-threads.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { BEAT_INTERVAL_MS, SESSION_TTL_MS } from './heart.js';
import { RedisHeart, type RedisHeartOptions } from './redis-heart.js';
import { RedisKeys } from './redis-keys.js';

const SAMPLE_MS = 10;
const keys = new RedisKeys('espalier');
let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = await server.client();
});
afterAll(() => server.stop());
beforeEach(() => redis.flushall());

const beats = (id: string) => redis.exists(keys.alive(id)).then((count) => count === 1);

async function startHeart(options: Partial<RedisHeartOptions> = {}): Promise<RedisHeart> {
  const heart = await RedisHeart.start({ url: server.url, ...options });
  onTestFinished(() => heart.close());
  return heart;
}

/** A process whose heart keeps a session, and which does as it is told; see `tests/fixtures/heart-holder.mjs`. */
async function startHolder(id: string, hungAfterMs = 60_000): Promise<{ holder: ChildProcess; said: Said }> {
  const file = join(packageRoot(import.meta.url), 'tests', 'fixtures', 'heart-holder.mjs');
  const holder = spawn(process.execPath, [file, server.url, id, `${hungAfterMs}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const lines = createInterface(holder.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
  const said: Said = async () => (await lines.next()).value;
  expect(await said()).toBe('alive');
  return { holder, said };
}
type Said = () => Promise<string>;

test('keeps its sessions until they are removed, and ends all with itself', async () => {
  const threads = watchThreads();
  const heart = await startHeart();
  await Promise.all([heart.add('a'), heart.add('b'), heart.add('c')]);
  expect(await Promise.all(['a', 'b', 'c'].map(beats))).toEqual([true, true, true]);
  await heart.remove('a');
  expect(await Promise.all(['a', 'b', 'c'].map(beats))).toEqual([false, true, true]);
  await Promise.all([heart.close(), heart.close()]);
  expect(await redis.keys('*')).toEqual([]);
  await expectCode(heart.add('d'), 'cancelled', /the heart is closed/);
  await threads.ended();
});

test('renews a key well before it expires, and a removed session never comes back', async () => {
  const heart = await startHeart();
  await heart.add('kept');
  await heart.add('removed');
  await heart.remove('removed');
  const addedAtMs = performance.now();
  // Long enough for the first key to have expired, had it not been renewed.
  let leastMs = SESSION_TTL_MS;
  for await (const _ of setInterval(SAMPLE_MS)) {
    leastMs = Math.min(leastMs, await redis.pttl(keys.alive('kept')));
    expect(await beats('removed')).toBe(false);
    if (performance.now() - addedAtMs > SESSION_TTL_MS + BEAT_INTERVAL_MS) break;
  }
  expect(leastMs).toBeGreaterThan(SESSION_TTL_MS / 3);
});

test('begins and revives sessions in a Redis that is full', async () => {
  const heart = await startHeart();
  await redis.config('SET', 'maxmemory', '1');
  onTestFinished(async () => void (await redis.config('SET', 'maxmemory', '0')));
  await heart.add('a');
  expect(await beats('a')).toBe(true);
  await redis.del(keys.alive('a'));
  await expect.poll(() => beats('a'), { timeout: 3 * BEAT_INTERVAL_MS }).toBe(true);
});

test('tells of a session that had lapsed, once, and revives it', async () => {
  const heart = await startHeart();
  await heart.add('lapses');
  await heart.add('stays');
  const heard: string[] = [];
  const lapsed = () => new Promise<void>((resolve) => heart.onLapse((id) => resolve(void heard.push(id))));
  const first = lapsed();
  await redis.del(keys.alive('lapses'));
  await first;
  expect(heard).toEqual(['lapses']);
  expect(await beats('lapses')).toBe(true);
});

test('finds a lapse whose report was lost with the connection', async () => {
  const heart = await startHeart();
  await heart.add('a');
  const lapsed = new Promise<string>((resolve) => heart.onLapse(resolve));
  // As the beat leaves it that mended the lapse and was never answered.
  await redis.set(keys.alive('a'), 1, 'PX', SESSION_TTL_MS);
  expect(await lapsed).toBe('a');
  expect(await redis.get(keys.alive('a'))).toBe('1');
});

test('keeps a session while the main thread computes for longer than a key lives', async () => {
  const { holder, said } = await startHolder('busy');
  holder.stdin?.write(`block ${SESSION_TTL_MS * 2}\n`);
  expect(await said()).toBe('blocking');
  let free = false;
  const over = said().then(() => {
    free = true;
  });
  for await (const _ of setInterval(SAMPLE_MS)) {
    expect(await beats('busy')).toBe(true);
    if (free) break;
  }
  await over;
});

test('stops while the main thread hangs, and goes on when it is back', async () => {
  const { holder, said } = await startHolder('hangs', 1_500);
  holder.stdin?.write(`block ${SESSION_TTL_MS + 4_000}\n`);
  expect(await said()).toBe('blocking');
  await expect.poll(() => beats('hangs'), { timeout: 7_000, interval: 20 }).toBe(false);
  expect(await said()).toBe('free');
  expect(await said()).toBe('lapsed hangs');
  expect(await beats('hangs')).toBe(true);
});

test('ends with its process, within the time that a key lives', async () => {
  const { holder } = await startHolder('killed');
  const exit = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exit;
  const diedAtMs = performance.now();
  await expect.poll(() => beats('killed'), { timeout: 10_000, interval: 10 }).toBe(false);
  expect(performance.now() - diedAtMs).toBeLessThan(SESSION_TTL_MS + 100);
});

test('goes on when Redis is back, killed or stopped', async () => {
  const own = await startRedis();
  onTestFinished(() => own.stop());
  const troubles: string[] = [];
  const heart = await startHeart({ url: own.url, onTrouble: (message) => troubles.push(message) });
  await heart.add('a');
  await own.kill();
  const added = heart.add('b');
  await own.restart();
  await added;
  const client = await own.client();
  await expect.poll(() => client.exists(keys.alive('a'), keys.alive('b'))).toBe(2);
  expect(troubles).toHaveLength(2);
  own.pause();
  // The heart finds out by itself that nothing answers, with no connection closed.
  await expect.poll(() => troubles.length, { timeout: 10_000 }).toBe(3);
  own.resume();
  await expect.poll(() => troubles.length, { timeout: 10_000 }).toBe(4);
  await client.del(keys.alive('a'));
  await expect.poll(() => client.exists(keys.alive('a'))).toBe(1);
});

test('can be closed while Redis is away', async () => {
  const own = await startRedis();
  const heart = await startHeart({ url: own.url });
  await heart.add('a');
  await own.stop();
  const removed = heart.remove('a').catch((error) => error);
  await heart.close();
  expect(await removed).toBeInstanceOf(EspalierError);
});

test('is refused where there is no Redis', async () => {
  const threads = watchThreads();
  const refused = RedisHeart.start({ url: 'redis://127.0.0.1:1' });
  await expectCode(refused, 'queue-unavailable', /Redis at redis:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
  await threads.ended();
});
