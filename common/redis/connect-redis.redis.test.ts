import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { connectRedis } from './connect-redis.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

test('keeps what was written before it was killed, and commands wait for it to be back', async () => {
  const heard: string[] = [];
  const redis = await connectRedis({ url: server.url, name: 'test', onTrouble: (message) => heard.push(message) });
  await redis.set('a', '1');
  const lost = once(redis, 'close');
  await server.kill();
  await lost;
  const pending = redis.incr('a');
  await server.restart();
  expect(await pending).toBe(2);
  const shown = `redis://127.0.0.1:${server.port}`;
  expect(heard).toEqual([`lost the connection to Redis at ${shown}: waiting for it`, `Redis at ${shown} is back`]);
  redis.disconnect();
});

test('refuses a Redis that drops keys when memory is short', async () => {
  const evicting = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  try {
    const refused = connectRedis({ url: evicting.url, name: 'test' });
    const error = await expectCode(refused, 'redis-unsuitable', /maxmemory-policy allkeys-lru, which may drop jobs/);
    expect(error.remedy).toContain('noeviction');
  } finally {
    await evicting.stop();
  }
});

test('says where there is no Redis, without the password', async () => {
  const gone = await startRedis();
  await gone.stop();
  const refused = connectRedis({ url: `redis://me:secret@127.0.0.1:${gone.port}`, name: 'test' });
  const error = await expectCode(
    refused,
    'queue-unavailable',
    /Redis at redis:\/\/me:\*\*\*@127\.0\.0\.1:\d+: .*ECONNREFUSED/,
  );
  expect(error.toLine()).not.toContain('secret');
});

test.each(['localhost:6379', 'http://localhost', 'redis://', 'nonsense'])('refuses %s as a Redis URL', async (url) => {
  await expectCode(connectRedis({ url, name: 'test' }), 'usage', /the Redis URL cannot be used/);
});
