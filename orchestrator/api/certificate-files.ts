import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { experimental } from '@grpc/grpc-js';
import { EspalierError } from '../../common/index.js';

export interface TlsFiles {
  /** PEM: the certificate and what it is signed by. */
  readonly certFile: string;
  /** PEM. */
  readonly keyFile: string;
  /** PEM: who calls must have a certificate that one of these signed. Left out: none is asked for. */
  readonly clientCaFile?: string | undefined;
}

export interface CertificateFilesOptions {
  /** Hears of files that changed and cannot be used. */
  readonly onTrouble: (line: string) => void;
  readonly lookMs?: number;
}

interface Contents {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly caCertificate: Buffer | undefined;
}

/** How often the files are looked at. */
const LOOK_MS = 10_000;

/**
 * Certificate, key and client CA of a server, read again when they change. What was replaced half, or cannot be used, is
 * told of once, and changes nothing: connections are made with what was there before.
 */
export class CertificateFiles implements experimental.CertificateProvider {
  readonly #files: TlsFiles;
  readonly #options: CertificateFilesOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  readonly #caListeners = new Set<experimental.CaCertificateUpdateListener>();
  #contents: Contents;
  /** What was found last, fit or not. */
  #seen: string;
  #looking: Promise<void> | undefined;

  /** Rejects with `usage` for files that cannot be read, or do not belong together. */
  static async open(files: TlsFiles, options: CertificateFilesOptions): Promise<CertificateFiles> {
    const contents = await read(files);
    const fault = faultOf(contents, files);
    if (fault !== undefined) throw fault;
    return new CertificateFiles(files, contents, options);
  }

  private constructor(files: TlsFiles, contents: Contents, options: CertificateFilesOptions) {
    this.#files = files;
    this.#contents = contents;
    this.#seen = digestOf(contents);
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), options.lookMs ?? LOOK_MS).unref();
  }

  /** Looks whether the files have changed. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.add(listener);
    process.nextTick(listener, this.#contents);
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.delete(listener);
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#caListeners.add(listener);
    process.nextTick(listener, this.#ca);
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#caListeners.delete(listener);
  }

  get #ca() {
    const { caCertificate } = this.#contents;
    return caCertificate === undefined ? null : { caCertificate };
  }

  async #look(): Promise<void> {
    const found = await read(this.#files).catch((thrown: unknown) => EspalierError.from(thrown));
    const seen = found instanceof EspalierError ? found.message : digestOf(found);
    if (seen === this.#seen) return;
    this.#seen = seen;
    const fault = found instanceof EspalierError ? found : faultOf(found, this.#files);
    if (fault !== undefined || found instanceof EspalierError) {
      this.#options.onTrouble(`${fault?.message}; the certificates read before stay in use`);
      return;
    }
    this.#contents = found;
    for (const listener of this.#identityListeners) listener(found);
    for (const listener of this.#caListeners) listener(this.#ca);
  }
}

async function read({ certFile, keyFile, clientCaFile }: TlsFiles): Promise<Contents> {
  const [certificate, privateKey, caCertificate] = await Promise.all([
    readPem(certFile, '--tls-cert'),
    readPem(keyFile, '--tls-key'),
    clientCaFile === undefined ? undefined : readPem(clientCaFile, '--tls-client-ca'),
  ]);
  return { certificate, privateKey, caCertificate };
}

async function readPem(path: string, option: string): Promise<Buffer> {
  try {
    const bytes = await readFile(path);
    if (!bytes.includes('-----BEGIN ')) throw new Error('it is no PEM file');
    return bytes;
  } catch (cause) {
    throw new EspalierError('usage', `${option} ${path} cannot be used: ${(cause as Error).message}`, {
      cause,
      remedy: 'name a PEM file that this process may read',
    });
  }
}

/** Whether OpenSSL takes them, and the key belongs to the certificate. */
function faultOf({ certificate, privateKey, caCertificate }: Contents, files: TlsFiles): EspalierError | undefined {
  try {
    createSecureContext({ cert: certificate, key: privateKey, ...(caCertificate ? { ca: caCertificate } : {}) });
    // As a CA OpenSSL takes a file without a certificate too, and then trusts nobody.
    if (caCertificate !== undefined) new X509Certificate(caCertificate);
    return undefined;
  } catch (cause) {
    const named = Object.values(files).filter((file) => file !== undefined);
    const reason = (cause as Error).message;
    return new EspalierError('usage', `${named.join(', ')} cannot be used together: ${reason}`, {
      cause,
      remedy: 'name a certificate, the key that belongs to it without a passphrase, and the certificate of a CA',
    });
  }
}

function digestOf({ certificate, privateKey, caCertificate }: Contents): string {
  const hash = createHash('sha256');
  for (const part of [certificate, privateKey, caCertificate ?? Buffer.alloc(0)])
    hash.update(`${part.length} `).update(part);
  return hash.digest('hex');
}
