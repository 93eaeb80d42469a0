import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client, credentials, experimental, Server, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type TestCertificate, testCa, testCertificate } from '../../tests/support/certificates.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { CertificateFiles } from './certificate-files.js';

const ca = testCa('a CA');
const otherCa = testCa('another CA');
const REFUSED = /^No connection established/;
const METHOD = {
  path: '/test.Who/Ask',
  requestStream: false,
  responseStream: false,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
} as const;

/** Files of a server that look when they are told to alone. */
async function openFiles({ isMutual }: { readonly isMutual: boolean }) {
  const folder = await tempFolder();
  const troubles: string[] = [];
  const replace = async (name: string, content: string) => {
    await writeFile(join(folder, `${name}.new`), content);
    await rename(join(folder, `${name}.new`), join(folder, name));
  };
  const rotate = async ({ cert, key }: TestCertificate) => {
    await replace('cert.pem', cert);
    await replace('key.pem', key);
  };
  await rotate(testCertificate('first', ca));
  await replace('ca.pem', ca.cert);
  const paths = {
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    ...(isMutual ? { clientCaFile: join(folder, 'ca.pem') } : {}),
  };
  const onTrouble = (line: string) => troubles.push(line);
  const files = await CertificateFiles.open(paths, { onTrouble, lookMs: 2 ** 30 });
  onTestFinished(() => files.close());
  return { files, folder, paths, troubles, replace, rotate };
}

/** A server of gRPC with these files, which says to clients who they are; and how to ask it on a new connection. */
async function serve(files: CertificateFiles, { isMutual }: { readonly isMutual: boolean }) {
  const server = new Server();
  server.addService(
    { ask: METHOD },
    {
      ask: (call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>) =>
        callback(null, `you are ${call.getAuthContext()?.sslPeerCertificate?.subject.CN ?? 'anybody'}`),
    },
  );
  const { createCertificateProviderServerCredentials } = experimental;
  const injector = server.createConnectionInjector(
    createCertificateProviderServerCredentials(files, isMutual ? files : null, isMutual),
  );
  const listener = createServer((socket) => {
    socket.on('error', () => {});
    injector.injectConnection(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.forceShutdown();
    listener.close();
  });
  const address = listener.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const ask = async (client?: TestCertificate, trusted = ca) => {
    const pair = client === undefined ? [] : ([Buffer.from(client.key), Buffer.from(client.cert)] as const);
    const connection = new Client(`127.0.0.1:${port}`, credentials.createSsl(Buffer.from(trusted.cert), ...pair), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.ssl_target_name_override': 'localhost',
    });
    try {
      return await new Promise<string>((resolve) => {
        const { path, requestSerialize, responseDeserialize } = METHOD;
        connection.makeUnaryRequest(path, requestSerialize, responseDeserialize, '?', (error, answer) =>
          resolve(error?.details ?? answer ?? ''),
        );
      });
    } finally {
      connection.close();
    }
  };
  return { ask };
}

describe('over TLS', () => {
  test('whoever trusts the CA is answered, and asked for no certificate', async () => {
    const { files } = await openFiles({ isMutual: false });
    const { ask } = await serve(files, { isMutual: false });
    expect(await ask()).toBe('you are anybody');
    expect(await ask(testCertificate('ops', ca))).toBe('you are anybody');
    expect(await ask(undefined, otherCa)).toMatch(/^No connection established.*verify the first certificate/);
  });

  test('new connections get the files as they are now; half a rotation, or none, changes nothing', async () => {
    const { files, paths, troubles, replace, rotate } = await openFiles({ isMutual: false });
    const { ask } = await serve(files, { isMutual: false });
    const next = testCertificate('next', otherCa);
    await replace('cert.pem', next.cert);
    await files.look();
    await files.look();
    expect(troubles).toEqual([expect.stringMatching(/cannot be used together.*stay in use$/)]);
    expect(await ask()).toBe('you are anybody');
    await replace('key.pem', next.key);
    await files.look();
    expect(await ask(undefined, otherCa)).toBe('you are anybody');
    expect(await ask()).toMatch(REFUSED);
    await rm(paths.keyFile);
    await files.look();
    expect(troubles.slice(1)).toEqual([expect.stringMatching(/ENOENT.*stay in use$/)]);
    expect(await ask(undefined, otherCa)).toBe('you are anybody');
    await rotate(testCertificate('third', ca));
    await files.look();
    expect(await ask()).toBe('you are anybody');
    expect(troubles).toHaveLength(2);
  });
});

describe('over mutual TLS', () => {
  test('a client is known by the name in its certificate; without one, or with one of another CA, it is refused', async () => {
    const { files } = await openFiles({ isMutual: true });
    const { ask } = await serve(files, { isMutual: true });
    expect(await ask(testCertificate('ops', ca))).toBe('you are ops');
    expect(await ask()).toMatch(REFUSED);
    expect(await ask(testCertificate('ops', otherCa))).toMatch(REFUSED);
  });

  test('whom a new CA did not sign is refused from then on', async () => {
    const { files, replace } = await openFiles({ isMutual: true });
    const { ask } = await serve(files, { isMutual: true });
    const [old, young] = [testCertificate('old', ca), testCertificate('young', otherCa)];
    await replace('ca.pem', ca.cert + otherCa.cert);
    await files.look();
    expect([await ask(old), await ask(young)]).toEqual(['you are old', 'you are young']);
    await replace('ca.pem', otherCa.cert);
    await files.look();
    expect(await ask(young)).toBe('you are young');
    expect(await ask(old)).toMatch(REFUSED);
  });
});

describe('files that cannot be used are refused at the start', () => {
  const other = testCertificate('other', ca);

  test.each([
    ['a key of another certificate', 'key.pem', other.key, /cannot be used together: .*mismatch/],
    ['no PEM', 'cert.pem', 'hunter2', /cert\.pem cannot be used: it is no PEM file/],
    ['a CA without a certificate', 'ca.pem', other.key, /ca\.pem cannot be used together/],
    ['a certificate that is cut off', 'cert.pem', other.cert.slice(0, 300), /cannot be used together/],
    ['nothing', 'ca.pem', '', /ca\.pem cannot be used: it is no PEM file/],
  ])('%s', async (_, name, content, message) => {
    const { paths, replace } = await openFiles({ isMutual: true });
    await replace(name, content);
    const error = await expectCode(CertificateFiles.open(paths, { onTrouble: () => {} }), 'usage', message);
    expect(error.remedy).toBeDefined();
    expect(error.toLine()).not.toMatch(/hunter2|PRIVATE/);
  });

  test('one that is not there', async () => {
    const { paths } = await openFiles({ isMutual: true });
    await rm(paths.certFile);
    await expectCode(CertificateFiles.open(paths, { onTrouble: () => {} }), 'usage', /--tls-cert .*ENOENT/);
  });
});
