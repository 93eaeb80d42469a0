import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EspalierError, withRedisCa } from '../../common/index.js';
import type { ClusterAddress } from '../cluster/cluster-address.js';
import type { ClusterStore } from '../cluster/open-store.js';
import type { CliContext } from '../context.js';

/** Options of every command that talks to a cluster, as commander gives them. */
export interface RawClusterOptions {
  readonly redis?: string;
  readonly redisCa?: string;
  readonly store?: string;
  readonly namespace?: string;
}

/** The heading under which the help lists these commands. */
export const CLUSTER_GROUP = 'Commands of a cluster:';

const NAMESPACE_DEFAULT = 'espalier';

/** It becomes part of every key in Redis, between braces. */
const NAMESPACE = /^[A-Za-z0-9._-]{1,64}$/;

/** Adds `--redis`, `--redis-ca`, `--store` and `--namespace`. Their defaults come from the environment, which may hold passwords. */
export function addClusterOptions(command: Command): Command {
  return command
    .option('--redis <url>', 'redis://[user:password@]host:port, or rediss:// for TLS (default: ESPALIER_REDIS)')
    .option('--redis-ca <file>', 'PEM of the CA that signed its certificate, if private (default: ESPALIER_REDIS_CA)')
    .option(
      '--store <url>',
      'proof store: file:///folder, s3://bucket/prefix, or redis: for the same Redis (default: ESPALIER_STORE)',
    )
    .option(
      '--namespace <name>',
      `tells clusters that share a Redis apart (default: ESPALIER_NAMESPACE, else ${NAMESPACE_DEFAULT})`,
    );
}

/** Throws `usage` where an address is missing or cannot be one. */
export function parseClusterOptions(
  raw: RawClusterOptions,
  { env, cwd }: Pick<CliContext, 'env' | 'cwd'>,
): ClusterAddress {
  const redisUrl = raw.redis || env['ESPALIER_REDIS'];
  const storeUrl = raw.store || env['ESPALIER_STORE'];
  const namespace = raw.namespace || env['ESPALIER_NAMESPACE'] || NAMESPACE_DEFAULT;
  if (!redisUrl) throw missing('Redis', '--redis', 'ESPALIER_REDIS', 'redis://localhost:6379');
  if (!storeUrl) throw missing('proof store', '--store', 'ESPALIER_STORE', 'file:///srv/espalier');
  if (!NAMESPACE.test(namespace)) {
    throw new EspalierError(
      'usage',
      `--namespace must be 1 to 64 letters, digits, dots, dashes or underscores, got "${namespace}"`,
    );
  }
  const ca = raw.redisCa || env['ESPALIER_REDIS_CA'];
  const caFile = ca ? resolve(cwd, ca) : undefined;
  return { redisUrl: withRedisCa(redisUrl, caFile), storeUrl: withRedisCa(storeUrl, caFile), namespace };
}

function missing(what: string, option: string, variable: string, example: string): EspalierError {
  return new EspalierError('usage', `no ${what} is named`, {
    remedy: `add ${option} (as in ${option} ${example}), or set ${variable}`,
  });
}

/**
 * Opens the store, does `work`, and closes it: for what can be done without an orchestrator. A Redis need be named only
 * where the store is in it. What is slow to load is loaded here, so that help stays quick.
 */
export async function withStore<T>(
  raw: RawClusterOptions,
  context: CliContext,
  work: (store: ClusterStore) => Promise<T>,
): Promise<T> {
  const storeUrl = raw.store || context.env['ESPALIER_STORE'];
  const needsRedis = !storeUrl || storeUrl === 'redis:';
  const address = parseClusterOptions(needsRedis ? raw : { redis: NO_REDIS, ...raw }, context);
  const { openStore } = await import('../cluster/open-store.js');
  const store = await openStore(address, { onTrouble: (line) => context.aside.say(line) });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Stands for the one that nobody asks. */
const NO_REDIS = 'redis://none.invalid';
