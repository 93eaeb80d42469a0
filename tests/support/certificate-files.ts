import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testCa, testCertificate } from './certificates.js';

export interface KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A CA of a test's own, and what it signed, as PEM files in a folder that `remove` deletes. */
export interface CertificateFiles {
  readonly folder: string;
  readonly caFile: string;
  /** For `localhost` and `127.0.0.1`. */
  readonly server: KeyPair;
  /** A certificate of a client by this name. */
  client(name: string): Promise<KeyPair>;
  remove(): Promise<void>;
}

export async function makeCertificateFiles(): Promise<CertificateFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-certificates-'));
  const ca = testCa('Espalier test CA');
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, ca.cert);

  async function signed(name: string, commonName: string): Promise<KeyPair> {
    const pair = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}-key.pem`) };
    const { cert, key } = testCertificate(commonName, ca);
    await writeFile(pair.certFile, cert);
    await writeFile(pair.keyFile, key, { mode: 0o600 });
    return pair;
  }

  return {
    folder,
    caFile,
    server: await signed('server', 'localhost'),
    client: (name) => signed(`client-${name}`, name),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
