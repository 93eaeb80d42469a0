import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Client, ClientOptions, TlsOptions } from '../../client/index.js';
import { EspalierError } from '../../common/index.js';
import type { CliContext } from '../context.js';

/** Options of every command that asks a server, as commander gives them. */
export interface RawServerOptions {
  readonly server?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenFile?: string;
}

/** The heading under which the help lists these commands. */
export const API_GROUP = 'Commands that ask an orchestrator:';

const SERVER_DEFAULT = '127.0.0.1:7420';
/** Whoever sits at a terminal wants to know soon that nobody is there. */
const CONNECT_TIMEOUT_MS = 2_000;

/** The same trouble is not said again so soon. */
const SAY_AGAIN_MS = 30_000;

/** Adds `--server` and what belongs to it. */
export function addServerOptions(command: Command): Command {
  return command
    .option(
      '--server <host:port>',
      `any orchestrator of the cluster (default: ESPALIER_SERVER, else ${SERVER_DEFAULT})`,
    )
    .option('--tls', 'speak TLS, and trust what this machine trusts')
    .option('--tls-ca <file>', 'speak TLS, and trust the certificates in this file (PEM)')
    .option('--tls-cert <file>', "this client's certificate (PEM), for servers that ask for one")
    .option('--tls-key <file>', 'the key of that certificate (PEM)')
    .option('--token-file <file>', 'file with a bearer token (default: the token in ESPALIER_TOKEN)');
}

/** Throws `usage` for files that cannot be read. */
export async function parseServerOptions(
  raw: RawServerOptions,
  { env, cwd }: Pick<CliContext, 'env' | 'cwd'>,
): Promise<ClientOptions> {
  const read = async (option: string, file: string | undefined): Promise<string | undefined> => {
    if (file === undefined) return undefined;
    try {
      return await readFile(resolve(cwd, file), 'utf8');
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(cause);
      throw new EspalierError('usage', `${option} ${file} cannot be read: ${reason}`, {
        cause,
        remedy: 'name a file that this user may read',
      });
    }
  };
  const [ca, cert, key] = await Promise.all([
    read('--tls-ca', raw.tlsCa),
    read('--tls-cert', raw.tlsCert),
    read('--tls-key', raw.tlsKey),
  ]);
  const tls: TlsOptions = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  const token = (await read('--token-file', raw.tokenFile))?.trim() ?? env['ESPALIER_TOKEN'];
  return {
    server: raw.server || env['ESPALIER_SERVER'] || SERVER_DEFAULT,
    tls: raw.tls || Object.keys(tls).length > 0 ? tls : false,
    ...(token ? { token } : {}),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  };
}

/** Makes a client, does `work`, and ends its connection. What is slow to load is loaded here, so that help stays quick. */
export async function withClient<T>(
  raw: RawServerOptions,
  context: Pick<CliContext, 'env' | 'cwd' | 'clock'> & { readonly aside: Pick<CliContext['aside'], 'say'> },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const options = await parseServerOptions(raw, context);
  const { createClient } = await import('../../client/index.js');
  let said = { message: '', atMs: 0 };
  const client = createClient({
    ...options,
    onTrouble: ({ error }) => {
      const atMs = context.clock.monotonicMs();
      if (error.message === said.message && atMs - said.atMs < SAY_AGAIN_MS) return;
      said = { message: error.message, atMs };
      context.aside.say(`${error.message}: trying again`);
    },
  });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
