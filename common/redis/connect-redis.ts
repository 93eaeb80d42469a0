import type { Redis } from 'ioredis';
import { EspalierError } from '../errors.js';
import { timeCommands } from '../telemetry/redis-latency.js';
import { checkServer } from './check-server.js';
import { redactRedisUrl } from './redact-redis-url.js';
import { redisTarget } from './redis-tls.js';

export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS: see `redisTarget` for private CAs. */
  readonly url: string;
  /** What the connection is for, as `CLIENT LIST` shows it. */
  readonly name: string;
  /**
   * Hears once when the connection is lost, and once when it is back; and, from the first connection of a thread to it, of
   * a server that does not keep what it is given.
   */
  readonly onTrouble?: ((message: string) => void) | undefined;
  /**
   * For connections whose users would rather try again than wait: a command rejects after so long without an answer, and
   * as soon as the connection is lost. Left out, commands wait for as long as it takes.
   */
  readonly commandTimeoutMs?: number | undefined;
  /**
   * For connections on which no command blocks: one on which an answer takes longer is given up and made again. Left out,
   * a link that is dead, but was never closed, is noticed by TCP after minutes.
   */
  readonly answerWithinMs?: number | undefined;
}

/** A command waits for the connection rather than fail: what is stored and queued is not lost by waiting. */
const PATIENT = { maxRetriesPerRequest: null };

const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_DELAY_MS_MIN = 20;
/** So often that a Redis that restarts is found again well within the time after which a session counts as dead. */
const RECONNECT_DELAY_MS_MAX = 300;

/**
 * Connects, and checks that the server is one that Espalier can run on. Rejects with `queue-unavailable` when there is
 * none, with `redis-unsuitable` when it is the wrong one or has not the database of the URL, and with `usage` for a malformed URL.
 *
 * Once it was there, a connection that is lost is made again for as long as it takes; commands wait meanwhile, and one
 * whose answer was lost is sent again: whoever sends it must be able to bear that it was carried out twice. (With
 * `commandTimeoutMs` it is the user who sends it again.)
 */
export async function connectRedis({ url, name, onTrouble, ...limits }: RedisOptions): Promise<Redis> {
  const { commandTimeoutMs, answerWithinMs } = limits;
  const shown = redactRedisUrl(url);
  const target = await redisTarget(url);
  let ready = false;
  // It takes a tenth of a second to load, which commands that need no Redis shall not pay.
  const ioredis = await import('ioredis');
  const redis = new ioredis.Redis(target.url, {
    ...(target.tls === undefined ? {} : { tls: target.tls }),
    connectionName: `espalier-${name}`,
    lazyConnect: true,
    // See `queue/redis/subscriptions.ts`.
    autoResubscribe: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(answerWithinMs === undefined ? {} : { socketTimeout: answerWithinMs }),
    ...(commandTimeoutMs === undefined ? PATIENT : impatient(commandTimeoutMs)),
    retryStrategy: (times) =>
      ready ? Math.min(RECONNECT_DELAY_MS_MAX, RECONNECT_DELAY_MS_MIN * 2 ** Math.min(times, 10)) : null,
  });
  await timeCommands(redis);
  let lastError: RedisError | undefined;
  // Without a listener ioredis prints every failed attempt.
  redis.on('error', (error: RedisError) => {
    lastError = withoutSecrets(error);
    // It would go on in database 0, which may be somebody else's.
    if (isRefusedDatabase(error)) redis.disconnect(ready);
  });
  try {
    await redis.connect();
    const warning = await checkServer(redis, shown);
    if (warning !== undefined && onTrouble !== undefined) warnOnce(warning, onTrouble);
  } catch (thrown) {
    redis.disconnect();
    throw refusal(shown, thrown, lastError);
  }
  ready = true;
  let away = false;
  redis.on('close', () => {
    if (away || redis.status === 'end') return;
    away = true;
    onTrouble?.(`lost the connection to Redis at ${shown}: waiting for it`);
  });
  redis.on('ready', () => {
    if (away) onTrouble?.(`Redis at ${shown} is back`);
    away = false;
  });
  return redis;
}

/** What was said of a server, once for all the connections that a process makes to it: as many as it names servers. */
const warned = new Set<string>();

function warnOnce(warning: string, onTrouble: (message: string) => void): void {
  if (warned.has(warning)) return;
  warned.add(warning);
  onTrouble(warning);
}

/** Nothing is kept for later, so that what gives up and tries again does not pile up; a silent connection is ended. */
function impatient(timeoutMs: number) {
  return { maxRetriesPerRequest: 0, commandTimeout: timeoutMs, socketTimeout: timeoutMs };
}

/** One that the server answered with says which command it was. */
type RedisError = Error & { readonly code?: string; readonly command?: { readonly name: string; args?: unknown } };

/** Whoever shows an error with all that is in it shall show no password: it is among what `AUTH` and `HELLO` were given. */
function withoutSecrets<T>(thrown: T): T {
  const { command } = (thrown ?? {}) as Partial<RedisError>;
  if (command !== undefined) delete command.args;
  return thrown;
}

function isRefusedDatabase({ command }: RedisError): boolean {
  return command?.name === 'select';
}

function refusal(shown: string, thrown: unknown, lastError: RedisError | undefined): EspalierError {
  if (thrown instanceof EspalierError) return thrown;
  // "Connection is closed" says nothing; what closed it does.
  const cause: RedisError = lastError ?? withoutSecrets(thrown instanceof Error ? thrown : new Error(String(thrown)));
  // OpenSSL ends its own with a line feed.
  const reason = cause.message.trim() || cause.code;
  if (isRefusedDatabase(cause)) {
    return new EspalierError('redis-unsuitable', `Redis at ${shown}: its database cannot be selected: ${reason}`, {
      cause,
      remedy: 'name a database that it has and that this user may select, as in redis://host:6379/0',
    });
  }
  return new EspalierError('queue-unavailable', `Redis at ${shown}: ${reason}`, {
    cause,
    remedy: remedyFor(cause, shown),
  });
}

/** What OpenSSL says of a server whose certificate nobody known has signed. */
const UNTRUSTED: readonly string[] = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

function remedyFor({ message, code = '' }: RedisError, shown: string): string {
  if (UNTRUSTED.includes(code)) {
    return 'name the CA that signed its certificate with --redis-ca (or ESPALIER_REDIS_CA, or ca= in its URL)';
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'name it as its certificate does';
  // A server that wants one says so, or just hangs up, as soon as it has seen that there is none.
  if (
    shown.startsWith('rediss:') &&
    (/certificate required/i.test(message) || code === 'ECONNRESET' || code === 'EPIPE')
  ) {
    return 'if it asks for a certificate, name one in its URL, as in rediss://host?cert=/path/tls.crt&key=/path/tls.key';
  }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return 'it speaks no TLS on this port: give it as redis://, or name its other port';
  if (/^(WRONGPASS|NOAUTH)\b/.test(message) || message.includes('invalid password')) {
    return 'give user and password in its URL, as in redis://user:password@host (ESPALIER_REDIS and ESPALIER_STORE keep them out of ps)';
  }
  return 'start it, or name another with --redis';
}
