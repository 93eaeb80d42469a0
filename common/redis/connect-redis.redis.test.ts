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

test('refuses a database that is not there, rather than use database 0', async () => {
  const error = await expectCode(
    connectRedis({ url: `${server.url}/99`, name: 'test' }),
    'redis-unsuitable',
    /^Redis at redis:\/\/127\.0\.0\.1:\d+\/99: its database cannot be selected: ERR DB index is out of range$/,
  );
  expect(error.remedy).toContain('name a database that it has');
});

test('writes into no other database when its own can no longer be selected', async () => {
  const admin = await server.client();
  const redis = await connectRedis({ url: `${server.url}/3`, name: 'test' });
  await admin.acl('SETUSER', 'default', '-select');
  const refused = new Promise((resolve) => redis.on('error', resolve));
  const lost = once(redis, 'close');
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
  await lost;
  const pending = redis.set('whose', 'database 3');
  expect(await refused).toMatchObject({ message: expect.stringMatching(/^NOPERM/) });
  await admin.acl('SETUSER', 'default', '+select');
  await pending;
  expect(await admin.exists('whose')).toBe(0);
  expect(await redis.get('whose')).toBe('database 3');
  redis.disconnect();
});

test('warns once of a Redis that loses everything when it restarts', async () => {
  const forgetful = await startRedis({ args: ['--appendonly', 'no'] });
  try {
    const heard: string[] = [];
    for (const name of ['a', 'b']) {
      const redis = await connectRedis({ url: forgetful.url, name, onTrouble: (message) => heard.push(message) });
      redis.disconnect();
    }
    expect(heard).toEqual([expect.stringMatching(/has AOF off: .* are lost .*CONFIG SET appendonly yes/)]);
  } finally {
    await forgetful.stop();
  }
});

test('warns of a Redis that drops transactions when it restarts, since its default user may not write', async () => {
  const user = ['--user', 'espalier', 'on', '>secret', '~*', '&*', '+@all'];
  for (const [rights, warnings] of [
    [
      [],
      [
        expect.stringMatching(
          /may lose open blocks and jobs when it restarts: .*ACL SETUSER default off ~\* &\* \+@all/,
        ),
      ],
    ],
    [['~*', '&*', '+@all'], []],
  ] as const) {
    const server = await startRedis({ args: [...user, '--user', 'default', 'off', ...rights] });
    try {
      const heard: string[] = [];
      const url = server.url.replace('redis://', 'redis://espalier:secret@');
      const connect = () => connectRedis({ url, name: 'test', onTrouble: (message) => heard.push(message) });
      const redis = await connect();
      expect(heard).toEqual(warnings);
      await redis.multi().set('a', 1).set('b', 2).exec();
      const lost = once(redis, 'close');
      await server.kill();
      await lost;
      const read = redis.mget('a', 'b');
      await server.restart();
      // Later versions have been mended, and lose nothing in the other case either.
      if (warnings.length === 0) expect(await read).toEqual(['1', '2']);
      await read;
      redis.disconnect();
    } finally {
      await server.stop();
    }
  }
});

test('asks for the password that is wrong or missing', async () => {
  const locked = await startRedis({ args: ['--requirepass', 'right'] });
  try {
    for (const [user, said] of [
      ['', /: NOAUTH /],
      [':wrong@', /: WRONGPASS /],
    ] as const) {
      const url = locked.url.replace('redis://', `redis://${user}`);
      const error = await expectCode(connectRedis({ url, name: 'test' }), 'queue-unavailable', said);
      expect(error.remedy).toMatch(
        /^give user and password in its URL, .*ESPALIER_REDIS and ESPALIER_STORE keep them out of ps/,
      );
      expect(error.toLine()).not.toContain('wrong@');
    }
  } finally {
    await locked.stop();
  }
});

test.each([
  'localhost:6379',
  'http://localhost',
  'redis://',
  'nonsense',
  'redis://localhost/abc',
  'redis://localhost/-1',
])('refuses %s as a Redis URL', async (url) => {
  await expectCode(connectRedis({ url, name: 'test' }), 'usage', /the Redis URL cannot be used/);
});
