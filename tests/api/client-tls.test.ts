import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newToken } from '../../cli/api/new-token.js';
import { testCa, testCertificate } from '../support/certificates.js';
import { runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';
import { openApi } from './api-bench.js';

/** The client and the commands over TLS, mutual TLS and with tokens; and what they say where that does not fit. */

async function secured() {
  const folder = await tempFolder();
  const path = (name: string) => join(folder, name);
  const ca = testCa('client-tls-ca');
  const own = testCertificate('127.0.0.1', ca);
  const mine = testCertificate('ops', ca);
  const { token, sha256 } = newToken();
  const files = {
    'ca.pem': ca.cert,
    'server.pem': own.cert,
    'server.key': own.key,
    'ops.pem': mine.cert,
    'ops.key': mine.key,
    token: `${token}\n`,
    'access.json': JSON.stringify([{ name: 'watcher', roles: ['watch'], sha256 }]),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path(name), text);
  const tls = { certFile: path('server.pem'), keyFile: path('server.key') };
  return { folder, path, ca, mine, token, tls };
}

test('a token over TLS, by the client and by a command; and without the CA, without a token, in clear', async () => {
  const { folder, path, ca, token, tls } = await secured();
  const api = await openApi({ tls, accessFile: path('access.json') });
  const client = api.connect({ tls: { ca: ca.cert }, token });
  expect(await client.workers()).toEqual([]);
  await expect(client.cancel('ab'.repeat(32))).rejects.toMatchObject({ code: 'permission-denied' });
  await expect(api.connect({ tls: { ca: ca.cert } }).workers()).rejects.toMatchObject({ code: 'unauthenticated' });

  const run = async (...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await runCommand(['workers', '--server', api.server.address, ...args], {
      cwd: folder,
    });
    return { exitCode, stdout, stderr };
  };
  const good = await run('--tls-ca', 'ca.pem', '--token-file', 'token');
  expect(good).toEqual({ exitCode: 0, stdout: 'no worker is there\n', stderr: '' });
  expect(await run('--tls-ca', 'ca.pem')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(
      /^error\[unauthenticated\]: the call bears no token; .*ESPALIER_TOKEN, or --token-file/,
    ),
  });
  expect(await run('--tls')).toMatchObject({
    exitCode: 5,
    stderr: expect.stringMatching(
      /error\[server-unavailable\]: .*certificate.*; name the CA that signed its certificate/,
    ),
  });
  expect(await run()).toMatchObject({
    exitCode: 5,
    stderr: expect.stringMatching(/error\[server-unavailable\]: .*; do both sides speak TLS, or neither, /),
  });
});

test('who may submit and not look is told that the block is submitted', async () => {
  const { folder, path } = await secured();
  const { token, sha256 } = newToken();
  await writeFile(path('access.json'), JSON.stringify([{ name: 'sequencer', roles: ['submit'], sha256 }]));
  const api = await openApi({ accessFile: path('access.json') });
  const made = await runCommand(
    ['block', 'new', '--txs', '1', '--calls', '0', '--prover', 'simulated', '-o', 'b.json'],
    {
      cwd: folder,
    },
  );
  expect(made.exitCode).toBe(0);
  const env = { ESPALIER_SERVER: api.server.address, ESPALIER_TOKEN: token };
  const { exitCode, stdout, stderr } = await runCommand(['submit', 'b.json'], { cwd: folder, env });
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/),
    stderr: expect.stringMatching(/^submitted; `espalier watch [0-9a-f]{12}` shows it\n$/),
  });
  const cancelled = await runCommand(['cancel', stdout.trim()], { cwd: folder, env });
  expect(cancelled).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/ is being cancelled\n$/), stderr: '' });
});

test('a certificate of the client where the server asks for one; and without', async () => {
  const { path, ca, mine, tls } = await secured();
  const api = await openApi({ tls: { ...tls, clientCaFile: path('ca.pem') } });
  expect(await api.connect({ tls: { ca: ca.cert, cert: mine.cert, key: mine.key } }).workers()).toEqual([]);
  const bare = api.connect({ tls: { ca: ca.cert }, connectTimeoutMs: 500 });
  await expect(bare.workers()).rejects.toMatchObject({
    code: 'server-unavailable',
    remedy: expect.stringMatching(/^the server asks for a certificate of this client/),
  });
});

test('TLS to a server that speaks in clear', async () => {
  const { ca } = await secured();
  const api = await openApi();
  const client = api.connect({ tls: { ca: ca.cert }, connectTimeoutMs: 500 });
  await expect(client.workers()).rejects.toMatchObject({
    code: 'server-unavailable',
    remedy: expect.stringMatching(/^do both sides speak TLS, or neither/),
  });
});
