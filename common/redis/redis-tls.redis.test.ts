import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BullmqJobQueue, RedisBlockBoard, RedisBlockEvents, RedisHeart } from '../../queue/index.js';
import { openBlobStore } from '../../store/index.js';
import { submittedBlock } from '../../tests/support/board-samples.js';
import { type CertificateFiles, makeCertificateFiles } from '../../tests/support/certificate-files.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.js';
import { connectRedis } from './connect-redis.js';
import { withRedisCa } from './redis-tls.js';

const PASSWORD = 'not-to-be-seen';
const USER = [
  '--user',
  'espalier',
  'on',
  `>${PASSWORD}`,
  '~*',
  '&*',
  '+@all',
  '--user',
  'default',
  'off',
  '~*',
  '&*',
  '+@all',
];

let certificates: CertificateFiles;
let server: RedisServer;
/** As an operator gives it. */
let url: string;
const withUser = (of: RedisServer, password = PASSWORD) =>
  of.url.replace('rediss://', `rediss://espalier:${password}@`);

beforeAll(async () => {
  certificates = await makeCertificateFiles();
  await writeFile(join(certificates.folder, 'not-a.pem'), 'nothing');
  server = await startRedis({ tls: { certificates }, args: USER, appendfsync: 'always' });
  url = withRedisCa(withUser(server), certificates.caFile);
});
afterAll(async () => {
  await server.stop();
  await certificates.remove();
});

/** Every way in which an error may be shown. */
function shownOf(error: unknown): string {
  return `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)} ${String(error)}`;
}

test('all that a cluster keeps in Redis goes over TLS, with user and password, and is there after it was away', async () => {
  const heard: string[] = [];
  const onTrouble = (message: string) => heard.push(message);
  const options = { url, namespace: 'tls', onTrouble };
  const heart = await RedisHeart.start(options);
  const board = await RedisBlockBoard.open(options);
  const events = await RedisBlockEvents.open(options);
  const owner = await board.owner('o1', heart);
  const queue = await BullmqJobQueue.open({ ...options, heart, producerId: 'o1' });
  const store = await openBlobStore('redis:', { redisUrl: url, namespace: 'tls', onTrouble });
  await store.blobs.put('a', Uint8Array.of(1));
  await board.submit(submittedBlock('a'));
  const claimed: string[] = [];
  owner.onChange(async () => {
    for (const { blockId } of await owner.claim(10)) claimed.push(blockId);
  });
  await expect.poll(() => claimed).toEqual(['a']);
  const reader = events.follow('b');
  reader.read({ epoch: 0, seq: 0 }, 1);
  await server.restart();
  await board.submit(submittedBlock('b'));
  await expect.poll(() => claimed).toEqual(['a', 'b']);
  const claim = (await board.list()).find(({ blockId }) => blockId === 'b');
  expect(claim).toMatchObject({ owner: 'o1' });
  expect(await queue.counts()).toMatchObject({ vm: { waiting: 0 } });
  expect(await store.blobs.get('a')).toEqual(Uint8Array.of(1));
  store.close();
  await owner.close();
  await queue.close();
  await events.close();
  await board.close();
  await heart.close();
  expect(heard.length).toBeGreaterThan(0);
  expect(heard.filter((message) => message.includes(PASSWORD) || message.includes('.pem'))).toEqual([]);
});

describe('refuses', () => {
  test('a server whose certificate nobody known has signed, and says how to name its CA', async () => {
    const error = await expectCode(
      connectRedis({ url: withUser(server), name: 'test' }),
      'queue-unavailable',
      /certificate/,
    );
    expect(error.remedy).toMatch(/^name the CA that signed its certificate with --redis-ca \(or ESPALIER_REDIS_CA/);
    expect(shownOf(error)).not.toContain(PASSWORD);
  });

  test('a password that is wrong, without showing it', async () => {
    const wrong = withRedisCa(withUser(server, 'wrong-and-secret'), certificates.caFile);
    const error = await expectCode(connectRedis({ url: wrong, name: 'test' }), 'queue-unavailable', /WRONGPASS/);
    expect(error.remedy).toMatch(/^give user and password in its URL/);
    expect(error.message).toContain('rediss://espalier:***@127.0.0.1');
    expect(shownOf(error)).not.toContain('wrong-and-secret');
  });

  test('a CA that cannot be read, or is none', async () => {
    for (const file of [join(certificates.folder, 'none.pem'), join(certificates.folder, 'not-a.pem')]) {
      const refused = connectRedis({ url: withRedisCa(withUser(server), file), name: 'test' });
      const error = await expectCode(refused, 'usage', /^ca .* of the Redis URL cannot be used: (ENOENT|it is no PEM)/);
      expect(shownOf(error)).not.toContain(PASSWORD);
    }
  });

  test.each([
    ['redis://host?ca=/ca.pem', /ca is for TLS, and so for rediss:\/\/ only/],
    ['rediss://:secret@host?maxRetriesPerRequest=1', /nothing is known of its parameter "maxRetriesPerRequest"/],
    ['rediss://host?password=secret', /nothing is known of its parameter "password"/],
  ])('%s', async (bad, said) => {
    const error = await expectCode(connectRedis({ url: bad, name: 'test' }), 'usage', said);
    expect(shownOf(error)).not.toContain('secret');
  });
});

test('a server that asks for a certificate gets the one that its URL names', async () => {
  const strict = await startRedis({ tls: { certificates, asksClients: true } });
  try {
    const trusting = withRedisCa(strict.url, certificates.caFile);
    const error = await expectCode(
      connectRedis({ url: trusting, name: 'test' }),
      'queue-unavailable',
      /certificate required|ECONNRESET|EPIPE/,
    );
    expect(error.remedy).toMatch(/^if it asks for a certificate, name one in its URL/);
    const { certFile, keyFile } = await certificates.client('worker');
    const redis = await connectRedis({ url: `${trusting}&cert=${certFile}&key=${keyFile}`, name: 'test' });
    expect(await redis.ping()).toBe('PONG');
    const lost = once(redis, 'close');
    await strict.kill();
    await lost;
    const pending = redis.ping();
    await strict.restart();
    expect(await pending).toBe('PONG');
    redis.disconnect();
  } finally {
    await strict.stop();
  }
});

test('the CA is added to URLs for TLS that name none', () => {
  expect(withRedisCa('rediss://host:6380/2', '/my ca.pem')).toBe('rediss://host:6380/2?ca=%2Fmy+ca.pem');
  for (const url of ['rediss://host?ca=/other.pem', 'redis://host', 's3://bucket', 'redis:']) {
    expect(withRedisCa(url, '/ca.pem')).toBe(url);
  }
  expect(withRedisCa('rediss://host', undefined)).toBe('rediss://host');
});
