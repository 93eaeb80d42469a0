import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { describeFleet } from '../../tests/conformance/fleet.js';
import { workerInfo } from '../../tests/support/board-samples.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { RedisHeart } from '../redis/redis-heart.js';
import { RedisKeys } from '../redis/redis-keys.js';
import type { FleetEntry } from './fleet.js';
import { RedisFleet } from './redis-fleet.js';

const keys = new RedisKeys('espalier');
let server: RedisServer;
let redis: Redis;
let heart: RedisHeart;
/** Of the workers, and of those who look at them. */
let ofWorkers: RedisFleet;
let fleet: RedisFleet;
const troubles: string[] = [];
beforeAll(async () => {
  server = await startRedis();
  redis = await server.client();
  heart = await RedisHeart.start({ url: server.url });
  ofWorkers = await RedisFleet.open({ url: server.url });
  fleet = await RedisFleet.open({ url: server.url, onTrouble: (message) => troubles.push(message) });
});
afterAll(async () => {
  await Promise.all([ofWorkers.close(), fleet.close()]);
  await heart.close();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
});

async function join(workerId: string): Promise<FleetEntry> {
  await heart.add(workerId);
  const entry = await ofWorkers.join(workerInfo(workerId));
  onTestFinished(async () => {
    await entry.close();
    await heart.remove(workerId);
  });
  return entry;
}

const running = async () => (await fleet.list()).map((worker) => worker.running);

describeFleet('RedisFleet', async () => ({
  fleet,
  join: async (info) => {
    await heart.add(info.workerId);
    onTestFinished(() => heart.remove(info.workerId));
    return ofWorkers.join(info);
  },
}));

test('lists the living only', async () => {
  await join('m2.x');
  await join('m1.x');
  await heart.remove('m2.x');
  expect(await fleet.list()).toEqual([workerInfo('m1.x')]);
});

test('tells the others of many changes with few messages', async () => {
  const entry = await join('m1.x');
  const published = await server.client();
  let messages = 0;
  published.on('message', () => {
    messages += 1;
  });
  await published.subscribe(keys.of('fleet'));
  for (let count = 1; count <= 1_000; count++) entry.update(workerInfo('m1.x', count % 5));
  entry.update(workerInfo('m1.x', 4));
  await expect.poll(running).toEqual([4]);
  expect(messages).toBeLessThanOrEqual(2);
});

test('has a worker drain that missed the message', async () => {
  const entry = await join('m1.x');
  const drained = new Promise<string>((resolve) => entry.onDrain(resolve));
  await redis.set(keys.of('drain', 'm1.x'), 'maintenance');
  expect(await drained).toBe('maintenance');
});

test('is whole again after Redis has lost all it knew', async () => {
  await join('m1.x');
  await redis.flushall();
  await expect.poll(() => fleet.list(), { timeout: 5_000 }).toEqual([workerInfo('m1.x')]);
});

test('leaves nothing behind, and what a dead worker leaves expires', async () => {
  const entry = await join('m1.x');
  await fleet.drain('m1.x', 'maintenance');
  const ttlMs = await redis.pttl(keys.of('fleet'));
  expect(ttlMs).toBeGreaterThan(5_000);
  expect(ttlMs).toBeLessThanOrEqual(10_000);
  expect(await redis.pttl(keys.of('drain', 'm1.x'))).toBeGreaterThan(5_000);
  await entry.close();
  await heart.remove('m1.x');
  expect(await redis.keys('*')).toEqual([]);
});

test('leaves out an entry that cannot be read, and tells', async () => {
  await join('m1.x');
  await heart.add('m2.x');
  await redis.hset(keys.of('fleet'), 'm2.x', '{"workerId":7}');
  expect(await fleet.list()).toEqual([workerInfo('m1.x')]);
  expect(troubles).toEqual([expect.stringMatching(/^a worker's entry in the fleet: workerId: .*expected string/)]);
  await heart.remove('m2.x');
});

test('takes entries and drains workers though Redis is full', async () => {
  await redis.config('SET', 'maxmemory', '1');
  onTestFinished(async () => void (await redis.config('SET', 'maxmemory', '0')));
  const entry = await join('m1.x');
  const drained = new Promise<string>((resolve) => entry.onDrain(resolve));
  expect(await fleet.drain('m1.x', 'maintenance')).toBe(true);
  expect(await drained).toBe('maintenance');
  expect(await fleet.list()).toEqual([workerInfo('m1.x')]);
});

test('a worker can leave while Redis is away', async () => {
  const own = await startRedis();
  const gone = await RedisFleet.open({ url: own.url });
  const entry = await gone.join(workerInfo('m1.x'));
  await own.stop();
  const startMs = performance.now();
  await entry.close();
  await gone.close();
  expect(performance.now() - startMs).toBeLessThan(5_000);
});
