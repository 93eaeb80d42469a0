import { setMaxListeners } from 'node:events';
import {
  type CallOptions,
  type ChannelCredentials,
  credentials,
  type ClientOptions as GrpcOptions,
  Metadata,
} from '@grpc/grpc-js';
import { context as active, trace } from '@opentelemetry/api';
import { EspalierError, traceparentOf } from '../common/index.js';
import { wire } from '../proto/index.js';
import {
  CALL_TIMEOUT_DEFAULT_MS,
  type ClientOptions,
  CONNECT_TIMEOUT_DEFAULT_MS,
  type Pem,
  type TlsOptions,
  type Trouble,
} from './client-options.js';
import { parseServerAddress, type ServerAddress } from './server-address.js';

/** Parts of a block and proofs stay far below. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** A connection that is silent for so long is asked whether it is alive, and given up when it does not answer. */
const KEEPALIVE_TIME_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 5_000;

/** What a bearer token may consist of (RFC 6750). */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The one connection of a client, shared by both services, and what every call of it carries. */
export class Connection {
  readonly server: ServerAddress;
  readonly blocks: wire.BlockServiceClient;
  readonly fleet: wire.FleetServiceClient;
  readonly callTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly #token: string | undefined;
  readonly #onTrouble: ((trouble: Trouble) => void) | undefined;
  readonly #closed = new AbortController();
  #wasReached = false;

  /** Throws `usage` where the options cannot be followed. Connects with the first call. */
  constructor(options: ClientOptions) {
    // As many calls listen to it as there are; Node would warn of a leak from the eleventh on.
    setMaxListeners(0, this.#closed.signal);
    this.server = parseServerAddress(options.server);
    this.#token = checkedToken(options, this.server);
    this.#onTrouble = options.onTrouble;
    this.callTimeoutMs = options.callTimeoutMs ?? CALL_TIMEOUT_DEFAULT_MS;
    this.connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_DEFAULT_MS;
    const tls = options.tls === true ? {} : options.tls || null;
    const secrets = tls === null ? credentials.createInsecure() : tlsCredentials(tls);
    const channelOptions = grpcOptions(tls);
    this.blocks = new wire.BlockServiceClient(this.server.text, secrets, channelOptions);
    // The same channel, and so the same connection.
    this.fleet = new wire.FleetServiceClient(this.server.text, secrets, {
      ...channelOptions,
      channelOverride: this.blocks.getChannel(),
    });
  }

  /** Whether the server has answered at all. */
  get wasReached(): boolean {
    return this.#wasReached;
  }

  /** Aborted when the client is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Of a new call: the caller's place in a trace, where OpenTelemetry knows one, and the token. */
  metadata(): Metadata {
    const metadata = new Metadata();
    const caller = traceparentOf(trace.getSpanContext(active.active()));
    if (caller !== undefined) metadata.set('traceparent', caller);
    if (this.#token !== undefined) metadata.set('authorization', `Bearer ${this.#token}`);
    return metadata;
  }

  /** Of a call that has one answer. */
  unaryOptions(): CallOptions {
    return { deadline: Date.now() + this.callTimeoutMs };
  }

  noteReached(): void {
    this.#wasReached = true;
  }

  noteTrouble(trouble: Trouble): void {
    this.#onTrouble?.(trouble);
  }

  close(): void {
    this.#closed.abort();
    this.blocks.close();
  }
}

function checkedToken(options: ClientOptions, server: ServerAddress): string | undefined {
  const { token, tls, allowTokenInPlainText } = options;
  if (token === undefined) return undefined;
  if (!TOKEN.test(token)) {
    throw new EspalierError('usage', 'the token has characters that no token has', {
      remedy: 'give it as `espalier token new` printed it, without spaces or line breaks',
    });
  }
  if (tls || server.isLoopback || allowTokenInPlainText) return token;
  throw new EspalierError('usage', `the token would travel to ${server.text} in plain text`, {
    remedy: 'use TLS, or allow it with allowTokenInPlainText where the network is trusted',
  });
}

function tlsCredentials({ ca, cert, key }: TlsOptions): ChannelCredentials {
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
    throw new EspalierError('usage', `there is a ${given} of the client, and no ${missing} to it`, {
      remedy: 'name both or none',
    });
  }
  try {
    return credentials.createSsl(pem(ca), pem(key), pem(cert));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new EspalierError('usage', `certificates and key cannot be used: ${message}`, {
      cause,
      remedy: 'give PEM text, and the key that belongs to the certificate',
    });
  }
}

function pem(value: Pem | undefined): Buffer | null {
  return value === undefined ? null : Buffer.from(value as Uint8Array);
}

function grpcOptions(tls: TlsOptions | null): GrpcOptions {
  const serverName = tls?.serverName;
  return {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MIN_MS,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS,
    ...(serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName }),
  };
}
