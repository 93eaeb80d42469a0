import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { ApiPlan } from '../cluster/serve-api.js';
import type { ScalerPlan } from '../cluster/serve-scaler.js';
import type { CliContext } from '../context.js';
import { parseAddress } from './parse-address.js';
import { parseWindow } from './parse-window.js';

/** Where the API is served, as commander gives it. */
export interface RawApiOptions {
  readonly listen?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly accessFile?: string;
  readonly allowInsecure?: boolean;
  readonly window?: number;
  readonly limits?: string;
  readonly scalerListen?: string;
}

export const LISTEN_DEFAULT = '127.0.0.1:7420';
const SCALER_EXAMPLE = '0.0.0.0:7421';

/** Adds `--listen` and what secures it. */
export function addApiOptions(command: Command): Command {
  return command
    .option(
      '--listen <host:port|off>',
      `where the API is served; port 0: any that is free (default: ESPALIER_LISTEN, else ${LISTEN_DEFAULT})`,
    )
    .option('--tls-cert <file>', "PEM of the API's certificate, read again when it changes")
    .option('--tls-key <file>', 'PEM of its key')
    .option('--tls-client-ca <file>', 'PEM of the CA whose client certificates are asked for (mutual TLS)')
    .option(
      '--access-file <file>',
      'who may do what: made with `espalier token new` (default: whoever reaches the API)',
    )
    .option(
      '--window <time>',
      'proving window of blocks that are submitted without one, as in 90s, 8m or 1h (default: 8m)',
      parseWindow,
    )
    .option('--limits <file>', 'limits of the API as JSON, as in {"uploadsMax": 32}; docs/api.md lists them')
    .option(
      '--scaler-listen <host:port|off>',
      "where KEDA's external scaler is served, in clear and to whoever reaches it (default: ESPALIER_SCALER_LISTEN, else off)",
    )
    .option('--allow-insecure', 'listen beyond this machine though anybody could do everything, or read along');
}

/** Throws `usage` where these cannot be meant together. */
export function parseApiOptions(raw: RawApiOptions, { env, cwd }: Pick<CliContext, 'env' | 'cwd'>): ApiPlan {
  const listen = raw.listen ?? (env['ESPALIER_LISTEN'] || LISTEN_DEFAULT);
  const address = parseAddress('--listen', listen, LISTEN_DEFAULT);
  if (address === null) return undefined;
  if ((raw.tlsCert === undefined) !== (raw.tlsKey === undefined)) {
    throw new EspalierError('usage', '--tls-cert and --tls-key go together', { remedy: 'name both, or none' });
  }
  if (raw.tlsClientCa !== undefined && raw.tlsCert === undefined) {
    throw new EspalierError('usage', '--tls-client-ca takes --tls-cert and --tls-key', { remedy: 'name them too' });
  }
  const path = (file: string) => resolve(cwd, file);
  return {
    ...address,
    allowInsecure: raw.allowInsecure === true,
    ...(raw.window === undefined ? {} : { windowMs: raw.window }),
    ...(raw.limits === undefined ? {} : { limits: readLimits(path(raw.limits)) }),
    ...(raw.accessFile === undefined ? {} : { accessFile: path(raw.accessFile) }),
    ...(raw.tlsCert === undefined || raw.tlsKey === undefined
      ? {}
      : {
          tls: {
            certFile: path(raw.tlsCert),
            keyFile: path(raw.tlsKey),
            ...(raw.tlsClientCa === undefined ? {} : { clientCaFile: path(raw.tlsClientCa) }),
          },
        }),
  };
}

/** Where the scaler is served; undefined: nowhere. Throws `usage` for what is no address. */
export function parseScalerListen(raw: RawApiOptions, { env }: Pick<CliContext, 'env'>): ScalerPlan {
  const listen = raw.scalerListen ?? (env['ESPALIER_SCALER_LISTEN'] || 'off');
  return parseAddress('--scaler-listen', listen, SCALER_EXAMPLE) ?? undefined;
}

/** Which limits there are, and what they may be, the server says. */
function readLimits(file: string): Record<string, number> {
  const remedy = 'give a JSON object of names and numbers, as in {"uploadsMax": 32}';
  try {
    const limits: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof limits === 'object' && limits !== null && !Array.isArray(limits)) return { ...limits };
  } catch (cause) {
    throw new EspalierError('usage', `--limits ${file} cannot be read: ${(cause as Error).message}`, { cause, remedy });
  }
  throw new EspalierError('usage', `--limits ${file} is no JSON object`, { remedy });
}
