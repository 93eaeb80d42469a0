import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { connectRedis } from '../../common/index.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { Subscriptions } from './subscriptions.js';

let server: RedisServer;
let admin: Redis;
beforeAll(async () => {
  server = await startRedis();
  admin = await server.client();
});
afterAll(() => server.stop());
beforeEach(() => admin.acl('SETUSER', 'default', 'allchannels'));

/** What was heard of, in order; `next` is what is heard of next. */
async function subscribe(...channels: readonly string[]) {
  const redis = await connectRedis({ url: server.url, name: 'test' });
  onTestFinished(() => redis.disconnect());
  const heard: string[] = [];
  let wake = () => {};
  const hear = (what: string) => {
    heard.push(what);
    wake();
  };
  const subscriptions = new Subscriptions(redis, {
    onMessage: (channel, message) => hear(`${channel}: ${message}`),
    onSubscribed: (names) => hear(`on ${names}`),
    onRefused: ({ message }) => hear(`no: ${message}`),
  });
  const next = async () => {
    while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return heard.shift();
  };
  subscriptions.add(...channels);
  expect(await next()).toBe(`on ${channels}`);
  return { redis, subscriptions, next };
}

const cut = () => admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');

test('last beyond a connection that is lost, but for those that were ended', async () => {
  const { subscriptions, next } = await subscribe('a', 'b');
  subscriptions.remove('b');
  subscriptions.add('c');
  expect(await next()).toBe('on c');
  await cut();
  expect(await next()).toBe('on a,c');
  await admin.publish('b', '1');
  await admin.publish('c', '2');
  expect(await next()).toBe('c: 2');
});

test('that are refused on another connection are told, and tried again on the next', async () => {
  const { next } = await subscribe('a');
  await admin.acl('SETUSER', 'default', 'resetchannels');
  await cut();
  expect(await next()).toMatch(/^no: NOPERM /);
  await admin.acl('SETUSER', 'default', 'allchannels');
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  expect(await next()).toBe('on a');
});

test('that the end of the connection cuts off are told, and no rejection is left unhandled', async () => {
  const { redis, next } = await subscribe('a');
  const back = once(redis, 'ready');
  await cut();
  await back;
  redis.disconnect();
  // It would wait for the answer, which is under way.
  redis.stream.destroy();
  expect(await next()).toBe('no: Connection is closed.');
});
