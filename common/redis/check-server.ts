import type { Redis } from 'ioredis';
import { EspalierError } from '../errors.js';

/** `BLMPOP` and functions of scripts that the queue uses came with it. */
const MAJOR_MIN = 7;

/**
 * Throws `redis-unsuitable` unless the server keeps whatever it is given: with any other policy than `noeviction` it drops
 * jobs and proofs when memory is short (SP1's cluster lost proofs that way). Resolves with a warning, if there is one to
 * give: without AOF it can be run on, but not restarted.
 */
export async function checkServer(redis: Redis, shown: string): Promise<string | undefined> {
  const info = await redis.info();
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
  if (!/^aof_enabled:0\s*$/m.test(info)) return undefined;
  return `Redis at ${shown} has AOF off: open blocks and jobs are lost when it restarts; turn it on: redis-cli CONFIG SET appendonly yes, and in its configuration`;
}
