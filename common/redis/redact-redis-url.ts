import { EspalierError } from '../errors.js';

/** The URL as it may be shown: without its password and its parameters. Throws `usage` for what is no Redis URL. */
export function redactRedisUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw notRedis('it is not a URL');
  }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:')
    throw notRedis(`it begins with ${parsed.protocol}`);
  if (parsed.hostname === '') throw notRedis('it names no host');
  if (!/^\/?\d*$/.test(parsed.pathname)) throw notRedis(`${JSON.stringify(parsed.pathname)} is no database's number`);
  if (parsed.password !== '') parsed.password = '***';
  parsed.search = '';
  return parsed.href.replace(/\/$/, '');
}

// The URL itself is not shown: it may hold a password.
function notRedis(why: string): EspalierError {
  return new EspalierError('usage', `the Redis URL cannot be used: ${why}`, {
    remedy: 'give it as redis://host:6379, or rediss:// for TLS',
  });
}
