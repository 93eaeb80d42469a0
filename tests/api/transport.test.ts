import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import type { ApiOptions } from '../../orchestrator/index.js';
import { wire } from '../../proto/index.js';
import { type TestCertificate, testCa, testCertificate } from '../support/certificates.js';
import { tempFolder } from '../support/temp-folder.js';
import { openApi } from './api-bench.js';
import { bytesClient, type RawOptions, sendBytes, withToken } from './raw-calls.js';

const { listBlocks, forgetBlock } = wire.BlockServiceService;
const ca = testCa('the CA');

async function tlsFiles(own: TestCertificate, clientCa?: TestCertificate) {
  const folder = await tempFolder();
  const paths = {
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    clientCaFile: join(folder, 'ca.pem'),
  };
  const write = async ({ cert, key }: TestCertificate) => {
    await writeFile(paths.certFile, cert);
    await writeFile(paths.keyFile, key);
  };
  await write(own);
  await writeFile(paths.clientCaFile, clientCa?.cert ?? '');
  return { ...paths, clientCaFile: clientCa === undefined ? undefined : paths.clientCaFile, write };
}

async function accessFile(entries: readonly object[]): Promise<string> {
  const path = join(await tempFolder(), 'access.json');
  await writeFile(path, JSON.stringify(entries));
  return path;
}

function secrets(own?: TestCertificate, trusted = ca): Required<Pick<RawOptions, 'secrets'>> {
  const [key, cert] = own === undefined ? [null, null] : [Buffer.from(own.key), Buffer.from(own.cert)];
  return { secrets: credentials.createSsl(Buffer.from(trusted.cert), key, cert) };
}

/** How a call over a new connection ends. */
const callOver = (
  address: string,
  options: RawOptions = {},
  method: typeof listBlocks | typeof forgetBlock = listBlocks,
) => sendBytes(bytesClient(address, options.secrets), method, [Buffer.alloc(0)], withToken(options.token));

describe('over TLS', () => {
  test('calls are served, and others are not', async () => {
    const { server } = await openApi({ tls: await tlsFiles(testCertificate('server', ca)) });
    expect((await callOver(server.address, secrets())).status).toBe('OK');
    expect((await callOver(server.address, secrets(undefined, testCa('another')))).status).toBe('UNAVAILABLE');
    expect((await callOver(server.address)).status).toBe('UNAVAILABLE');
  });

  test('with client certificates: nobody without one, and its name says what its owner may do', async () => {
    const entry = { name: 'prover-a', roles: ['watch'], certificate: 'a.example' };
    const tls = await tlsFiles(testCertificate('server', ca), ca);
    const api = await openApi({ tls, accessFile: await accessFile([entry]) });
    const { address } = api.server;
    expect((await callOver(address, secrets())).status).toBe('UNAVAILABLE');
    const foreign = testCertificate('a.example', testCa('another'));
    expect((await callOver(address, secrets(foreign))).status).toBe('UNAVAILABLE');
    const own = secrets(testCertificate('a.example', ca));
    expect((await callOver(address, own)).status).toBe('OK');
    expect((await callOver(address, own, forgetBlock)).status).toBe('PERMISSION_DENIED');
    expect(api.refused.at(-1)).toMatchObject({ error: { message: expect.stringContaining('prover-a may not') } });
    const unlisted = await callOver(address, secrets(testCertificate('b.example\n', ca)));
    expect(unlisted).toMatchObject({ status: 'UNAUTHENTICATED', details: expect.stringContaining('"b.example?"') });
  });

  test('with client certificates alone whoever has one may do everything, by the name in it', async () => {
    const api = await openApi({ tls: await tlsFiles(testCertificate('server', ca), ca) });
    const own = secrets(testCertificate('a.example', ca));
    expect(await callOver(api.server.address, own, forgetBlock)).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(api.refused).toMatchObject([{ principal: { name: 'a.example' }, error: { code: 'request-malformed' } }]);
  });

  test('a token counts before a certificate', async () => {
    const sha256 = createHash('sha256').update('secret').digest('hex');
    const entries = [
      { name: 'a', roles: ['watch'], certificate: 'a.example' },
      { name: 'operator', roles: ['operate'], sha256 },
    ];
    const tls = await tlsFiles(testCertificate('server', ca), ca);
    const { server } = await openApi({ tls, accessFile: await accessFile(entries) });
    const own = { ...secrets(testCertificate('a.example', ca)), token: 'secret' };
    expect((await callOver(server.address, own, forgetBlock)).status).toBe('INVALID_ARGUMENT');
  });
});

describe('certificates', () => {
  test('that were replaced are those that new connections see', async () => {
    const another = testCa('another CA');
    const { write, ...tls } = await tlsFiles(testCertificate('first', ca));
    const { server } = await openApi({ tls });
    expect((await callOver(server.address, secrets())).status).toBe('OK');
    await write(testCertificate('second', another));
    const byAnother = async () => (await callOver(server.address, secrets(undefined, another))).status;
    await expect.poll(byAnother, { timeout: 20_000 }).toBe('OK');
    expect((await callOver(server.address, secrets())).status).toBe('UNAVAILABLE');
  }, 30_000);
});

describe('listening', () => {
  const opened = (options: Partial<ApiOptions>) => openApi(options).then(({ server }) => server.address);

  test('is refused before anything listens', async () => {
    await expect(opened({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'usage' });
    const { server } = await openApi();
    await expect(opened({ port: server.port })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('EADDRINUSE'),
      remedy: expect.stringContaining('another port'),
    });
  });

  test('works on a name, and on a socket of this machine', async () => {
    expect((await callOver(await opened({ host: 'localhost' }))).status).toBe('OK');
    const path = join(await tempFolder(), 'api.sock');
    const { server } = await openApi({ host: `unix:${path}` });
    expect(server.address).toBe(`unix:${path}`);
    expect((await callOver(server.address)).status).toBe('OK');
  });
});
