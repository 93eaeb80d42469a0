import { isIPv4, isIPv6 } from 'node:net';
import { EspalierError } from '../common/index.js';
import { PORT_DEFAULT } from './client-options.js';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** For people and for gRPC: `host:port`, IPv6 in brackets. */
  readonly text: string;
  /** Whether it cannot be but this machine. */
  readonly isLoopback: boolean;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/** Throws `usage` for what is no address of a server. */
export function parseServerAddress(text: string): ServerAddress {
  const [, ipv6, name, portText] = ADDRESS.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = portText === undefined ? PORT_DEFAULT : Number(portText);
  if (host === undefined || port < 1 || port > 65_535 || (ipv6 !== undefined && !isIPv6(ipv6))) {
    throw new EspalierError('usage', `"${text}" is no address of a server`, {
      remedy: `write host:port, as in 127.0.0.1:${PORT_DEFAULT}, or [::1]:${PORT_DEFAULT} for IPv6`,
    });
  }
  const isLoopback = host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
  return { host, port, text: `${ipv6 === undefined ? host : `[${host}]`}:${port}`, isLoopback };
}
