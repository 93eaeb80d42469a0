import type { Redis } from 'ioredis';
import { EspalierError } from '../errors.js';

/** `BLMPOP` and functions of scripts that the queue uses came with it. */
const MAJOR_MIN = 7;

/**
 * Throws `redis-unsuitable` unless the server keeps whatever it is given: with any other policy than `noeviction` it drops
 * jobs and proofs when memory is short (SP1's cluster lost proofs that way). Resolves with a warning, if there is one to
 * give, of a server that can be run on, but not restarted.
 */
export async function checkServer(redis: Redis, shown: string): Promise<string | undefined> {
  const [info, mayReplay] = await Promise.all([redis.info(), mayDefaultUserWrite(redis)]);
  const version = /^redis_version:(\d+)\.(\S+)/m.exec(info);
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (version !== null && Number(version[1]) < MAJOR_MIN) {
    throw new EspalierError('redis-unsuitable', `Redis at ${shown} is of version ${version[1]}.${version[2]}`, {
      remedy: `use Redis ${MAJOR_MIN}.0 or later`,
    });
  }
  if (policy !== undefined && policy !== 'noeviction') {
    throw new EspalierError(
      'redis-unsuitable',
      `Redis at ${shown} has maxmemory-policy ${policy}, which may drop jobs and proofs`,
      { remedy: 'set it to noeviction: redis-cli CONFIG SET maxmemory-policy noeviction' },
    );
  }
  if (/^aof_enabled:1\s*$/m.test(info) && !mayReplay) {
    return `Redis at ${shown} may lose open blocks and jobs when it restarts: it replays transactions as its default user, who has no right to write; give that user all rights, and keep it off: ACL SETUSER default off ~* &* +@all, and in its configuration`;
  }
  if (!/^aof_enabled:0\s*$/m.test(info)) return undefined;
  return `Redis at ${shown} has AOF off: open blocks and jobs are lost when it restarts; turn it on: redis-cli CONFIG SET appendonly yes, and in its configuration`;
}

/**
 * A Redis that reads its AOF checks each transaction in it against the rights of its default user, and drops what those do
 * not allow (redis/redis#14541, valkey-io/valkey#3983). Who may not ask is told nothing.
 */
async function mayDefaultUserWrite(redis: Redis): Promise<boolean> {
  try {
    return (await redis.call('ACL', 'DRYRUN', 'default', 'SET', 'key', 'value')) === 'OK';
  } catch {
    return true;
  }
}
