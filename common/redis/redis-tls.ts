import { readFile } from 'node:fs/promises';
import { EspalierError } from '../errors.js';

/** Parameters of a Redis URL, each the path of a PEM file; `ca`: who signed the server's certificate, where Node knows none of them. */
const FILES = ['ca', 'cert', 'key'] as const;
/** ioredis's own that are let through: with any other a URL could change how connections behave. */
const PASSED_ON = ['family'];

export interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface RedisTarget {
  /** Without what is said of TLS. */
  readonly url: string;
  /** undefined: none but what `rediss:` says. */
  readonly tls: RedisTls | undefined;
}

/**
 * What a Redis URL says of TLS: `rediss://host:6379?ca=/etc/redis-ca.pem`, and for a server that asks for a certificate
 * `&cert=…&key=…`. Rejects with `usage` for other parameters, and for a file that cannot be read.
 */
export async function redisTarget(url: string): Promise<RedisTarget> {
  const parsed = new URL(url);
  const files = FILES.flatMap((name) => {
    const path = parsed.searchParams.get(name);
    parsed.searchParams.delete(name);
    return path === null ? [] : [{ name, path }];
  });
  for (const name of parsed.searchParams.keys()) {
    if (!PASSED_ON.includes(name)) throw unusable(`nothing is known of its parameter ${JSON.stringify(name)}`);
  }
  if (files.length === 0) return { url, tls: undefined };
  if (parsed.protocol !== 'rediss:') throw unusable(`${files[0]?.name} is for TLS, and so for rediss:// only`);
  const read = await Promise.all(files.map(async ({ name, path }) => [name, await readPem(name, path)] as const));
  return { url: parsed.href, tls: Object.fromEntries(read) };
}

/** The URL with the CA's file in it, if it is a URL for TLS that names none. */
export function withRedisCa(url: string, caFile: string | undefined): string {
  if (caFile === undefined || !/^rediss:/i.test(url) || !URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.searchParams.has('ca')) return url;
  parsed.searchParams.set('ca', caFile);
  return parsed.href;
}

async function readPem(name: string, path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (!text.includes('-----BEGIN ')) throw new Error('it is no PEM file');
    return text;
  } catch (cause) {
    const message = `${name} ${path} of the Redis URL cannot be used: ${(cause as Error).message}`;
    throw new EspalierError('usage', message, { cause, remedy: 'name a PEM file that this process may read' });
  }
}

// The URL itself is not shown: it may hold a password.
function unusable(why: string): EspalierError {
  return new EspalierError('usage', `the Redis URL cannot be used: ${why}`, {
    remedy: 'give it as rediss://user:password@host:6379?ca=/path/ca.pem',
  });
}
