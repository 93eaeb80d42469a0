import type { EspalierError } from '../common/index.js';

/** PEM text, as it stands in a file. */
export type Pem = string | Uint8Array;

export interface TlsOptions {
  /** Certificates that are trusted, in place of those that Node trusts. */
  readonly ca?: Pem;
  /** The client's own certificate and its key, for servers that ask for one (mutual TLS): both or none. */
  readonly cert?: Pem;
  readonly key?: Pem;
  /** The name that the server's certificate must bear, where that is not the host in `server`. */
  readonly serverName?: string;
}

export interface ClientOptions {
  /** `host:port` of an orchestrator, `[::1]:7420` for IPv6; without a port 7420. */
  readonly server: string;
  /** Speaks TLS: `true` for certificates that Node trusts. Left out: plain text, for loopback and trusted networks. */
  readonly tls?: boolean | TlsOptions;
  /** Bearer token. Refused without TLS beyond this machine, unless `allowTokenInPlainText`. */
  readonly token?: string;
  readonly allowTokenInPlainText?: boolean;
  /** How long one call may take that has one answer, in milliseconds; 30,000 by default. */
  readonly callTimeoutMs?: number;
  /**
   * How long a server is looked for that was not reached yet, in milliseconds; 5,000 by default. A stream that was
   * there once is picked up again for as long as it takes, unless its `signal` aborts.
   */
  readonly connectTimeoutMs?: number;
  /** Hears of every broken connection that is made again after `retryInMs`. */
  readonly onTrouble?: (trouble: Trouble) => void;
}

export interface Trouble {
  readonly error: EspalierError;
  readonly retryInMs: number;
}

export const PORT_DEFAULT = 7420;
export const CALL_TIMEOUT_DEFAULT_MS = 30_000;
export const CONNECT_TIMEOUT_DEFAULT_MS = 5_000;
