import { readFile } from 'node:fs/promises';
import { experimental, ServerCredentials } from '@grpc/grpc-js';
import { EspalierError } from '../../common/index.js';

export interface TlsFiles {
  /** PEM: the certificate and what it is signed by. */
  readonly certFile: string;
  /** PEM. */
  readonly keyFile: string;
  /** PEM: who calls must have a certificate that one of these signed. Left out: none is asked for. */
  readonly clientCaFile?: string | undefined;
}

export interface ListenPlan {
  readonly host: string;
  readonly tls?: TlsFiles | undefined;
  readonly hasAccessFile: boolean;
  readonly allowInsecure: boolean;
}

/** How often the files of certificates are looked at. */
const REFRESH_MS = 10_000;

/**
 * Beyond this machine the API is served only to those who show who they are, over TLS: throws `usage` unless there are
 * client certificates, or TLS and an access file, or the operator says that it shall be so.
 */
export function checkListen({ host, tls, hasAccessFile, allowInsecure }: ListenPlan): void {
  if (isLoopback(host) || allowInsecure) return;
  if (tls !== undefined && (tls.clientCaFile !== undefined || hasAccessFile)) return;
  const lack = tls === undefined ? 'anybody could read along' : 'anybody could do everything';
  throw new EspalierError('usage', `refusing to listen on ${host}, beyond this machine: ${lack} there`, {
    remedy:
      'add --tls-cert and --tls-key with --access-file or --tls-client-ca; or --allow-insecure, where a proxy or a network keeps others out',
  });
}

export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name) || name.startsWith('unix:');
}

/** Rejects with `usage` for files that cannot be read. They are read again when they change. */
export async function serverCredentials(tls: TlsFiles | undefined): Promise<ServerCredentials> {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { certFile, keyFile, clientCaFile } = tls;
  await Promise.all([
    checkReadable(certFile, '--tls-cert'),
    checkReadable(keyFile, '--tls-key'),
    clientCaFile === undefined ? undefined : checkReadable(clientCaFile, '--tls-client-ca'),
  ]);
  const provider = new experimental.FileWatcherCertificateProvider({
    certificateFile: certFile,
    privateKeyFile: keyFile,
    ...(clientCaFile === undefined ? {} : { caCertificateFile: clientCaFile }),
    refreshIntervalMs: REFRESH_MS,
  });
  const isMutual = clientCaFile !== undefined;
  return experimental.createCertificateProviderServerCredentials(provider, isMutual ? provider : null, isMutual);
}

async function checkReadable(path: string, option: string): Promise<void> {
  try {
    const text = await readFile(path, 'utf8');
    if (!text.includes('-----BEGIN ')) throw new Error('it is no PEM file');
  } catch (cause) {
    throw new EspalierError('usage', `${option} ${path} cannot be used: ${(cause as Error).message}`, {
      cause,
      remedy: 'name a PEM file that this process may read',
    });
  }
}
