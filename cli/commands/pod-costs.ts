import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client } from '../../client/index.js';
import { type ErrorCode, EspalierError, hostPort } from '../../common/index.js';
import type { CliContext } from '../context.js';
import { formatPlural } from '../format.js';
import type { CostChange } from '../pods/pod-costs.js';
import { addExamples } from './examples.js';
import { parseWindow } from './parse-window.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawPodCostsOptions extends RawServerOptions {
  readonly namespace?: string;
  readonly selector: string;
  readonly interval: number;
  readonly once?: boolean;
  readonly dryRun?: boolean;
  readonly kubernetes?: string;
  readonly serviceAccount: string;
}

/** Where Kubernetes mounts the token, the CA and the namespace of a pod's service account. */
const ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Less than `BUSY_HOLD_MS`, for which a worker that was busy counts as busy. */
const INTERVAL_MS = 5_000;

/** What does not pass by trying again. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unauthenticated', 'permission-denied', 'usage']);

/** `espalier pod-costs`. */
export function registerPodCosts(program: Command, context: CliContext): void {
  const command = program
    .command('pod-costs')
    .helpGroup(API_GROUP)
    .description(
      'on Kubernetes: keep telling each worker pod what it costs to stop it, so that scaling down stops idle workers, ' +
        'and of busy ones those with the least proving time to lose',
    )
    .option('--namespace <name>', 'of the pods (default: that of the service account)')
    .option('--selector <labels>', 'which pods are workers', 'espalier.dev/class')
    .option('--interval <time>', 'how often, as in 5s (default: 5s)', parseWindow, INTERVAL_MS)
    .option('--once', 'do it once, and end')
    .option('--dry-run', 'do it once, change nothing, and print a line for each change')
    .option(
      '--kubernetes <url>',
      'the Kubernetes API, as in http://127.0.0.1:8001 (default: that of the pod it runs in)',
    )
    .option('--service-account <folder>', 'with token, ca.crt and namespace', ACCOUNT_FOLDER);
  addServerOptions(command).action((options: RawPodCostsOptions) => run(options, context));
  addExamples(command, [
    { line: 'espalier pod-costs', meaning: 'in a pod whose service account may list and patch pods' },
    {
      line: 'espalier pod-costs --dry-run --kubernetes http://127.0.0.1:8001 --namespace espalier',
      meaning: 'beside `kubectl proxy`: what would change',
    },
  ]);
}

async function run(raw: RawPodCostsOptions, context: CliContext): Promise<void> {
  const { env, clock, stdout, aside, signal } = context;
  const { KubernetesApi } = await import('../pods/kubernetes-api.js');
  const { applyChanges, costChanges } = await import('../pods/pod-costs.js');
  const url = kubernetesUrl(raw, env);
  const namespace = raw.namespace ?? (await ownNamespace(raw.serviceAccount));
  const kubernetes = new KubernetesApi({ url, accountFolder: raw.serviceAccount, signal });
  const look = async (client: Client) => {
    const [workers, pods] = await Promise.all([client.workers({ signal }), kubernetes.pods(namespace, raw.selector)]);
    const changes = costChanges(workers, pods, clock.nowMs());
    if (raw.dryRun === true) stdout.write(changes.map(lineOf).join('') || 'nothing would change\n');
    else if (changes.length > 0) {
      const { length } = await applyChanges(kubernetes, namespace, changes);
      stdout.write(`${formatPlural(length, 'deletion cost')} set, of ${formatPlural(pods.length, 'pod')}\n`);
    }
  };
  await withClient(raw, context, async (client) => {
    if (raw.once === true || raw.dryRun === true) return look(client);
    for (;;) {
      // Whatever is away now comes back, and nobody would start this again sooner than it tries again. A right that is
      // missing does not: it ends, which is seen, and starts again with the token as it is then.
      await look(client).catch((thrown: unknown) => {
        signal.throwIfAborted();
        const error = EspalierError.from(thrown);
        if (LASTING.has(error.code)) throw error;
        aside.say(`${error.message}: trying again`);
      });
      await delay(raw.interval, undefined, { signal });
    }
  });
}

function lineOf({ pod, from, to }: CostChange): string {
  return `${pod}: ${from ?? 'none'} -> ${to}\n`;
}

function kubernetesUrl({ kubernetes }: RawPodCostsOptions, env: CliContext['env']): string {
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT'] ?? '443'];
  if (kubernetes === undefined && !host) {
    throw new EspalierError('usage', 'this is no pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set', {
      remedy: 'run it in the cluster, or name the API, as in --kubernetes http://127.0.0.1:8001 beside `kubectl proxy`',
    });
  }
  const text = kubernetes ?? `https://${hostPort(host ?? '', port)}`;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new EspalierError('usage', `--kubernetes must be an http or https URL, got "${text}"`, {
      remedy: 'as in --kubernetes http://127.0.0.1:8001',
    });
  }
  return text;
}

async function ownNamespace(folder: string): Promise<string> {
  try {
    return (await readFile(join(folder, 'namespace'), 'utf8')).trim();
  } catch (cause) {
    throw new EspalierError('usage', `the namespace of the pods is not known: ${folder}/namespace cannot be read`, {
      cause,
      remedy: 'name it: --namespace NAME',
    });
  }
}
