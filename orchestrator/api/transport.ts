import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { EspalierError } from '../../common/index.js';
import type { TlsFiles } from './certificate-files.js';

export interface ListenPlan {
  /** A name, an address, or `unix:` with the path of a socket. */
  readonly host: string;
  readonly tls?: TlsFiles | undefined;
  readonly hasAccessFile: boolean;
  readonly allowInsecure: boolean;
}

/** The addresses behind a host, to listen on all of them; the path of a socket for `unix:`. Rejects with `usage`. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  if (isSocket(host)) return [socketPath(host)];
  try {
    const found = await lookup(host, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  } catch (cause) {
    throw new EspalierError('usage', `the API cannot listen on ${host}: ${(cause as Error).message}`, {
      cause,
      remedy: 'name an address of this machine',
    });
  }
}

/**
 * Beyond this machine the API is served only to those who show who they are, over TLS: throws `usage` unless there are
 * client certificates, or TLS and an access file, or the operator says that it shall be so. A name counts as what it
 * stands for, which `addresses` says.
 */
export function checkListen(
  { host, tls, hasAccessFile, allowInsecure }: ListenPlan,
  addresses: readonly string[],
): void {
  if (allowInsecure || isSocket(host) || addresses.every(isLoopback)) return;
  if (tls !== undefined && (tls.clientCaFile !== undefined || hasAccessFile)) return;
  const lack =
    tls === undefined
      ? `anybody could read along there${hasAccessFile ? ', the tokens too' : ' and do everything'}`
      : 'anybody could do everything there';
  const stands = addresses.includes(host) ? '' : `, which is ${addresses.join(' and ')}`;
  throw new EspalierError('usage', `refusing to listen on ${host}${stands}, beyond this machine: ${lack}`, {
    remedy:
      'add --tls-cert and --tls-key with --access-file or --tls-client-ca; or --allow-insecure, where a proxy or a network keeps others out',
  });
}

export function isSocket(host: string): boolean {
  return host.startsWith('unix:');
}

function socketPath(host: string): string {
  return host.replace(/^unix:(\/\/)?/, '');
}

function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('127.');
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return v4 === undefined ? address === '::1' : v4.startsWith('127.');
}
