import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import type { MonitoringPlan } from '../telemetry/monitoring.js';
import { parseAddress } from './parse-address.js';

/** Where probes and metrics are served, as commander gives it. */
export interface RawMonitoringOptions {
  readonly metricsListen?: string;
}

const LISTEN_DEFAULT = '127.0.0.1:9464';

/** Adds `--metrics-listen`. */
export function addMonitoringOptions(command: Command): Command {
  return command.option(
    '--metrics-listen <host:port|off>',
    'where /metrics, /healthz and /readyz are served over HTTP, to whoever reaches it ' +
      `(default: ESPALIER_METRICS_LISTEN, else ${LISTEN_DEFAULT}, or a free port where that is taken)`,
  );
}

/** Throws `usage` for what is no address. */
export function parseMonitoringOptions(raw: RawMonitoringOptions, { env }: Pick<CliContext, 'env'>): MonitoringPlan {
  const given = raw.metricsListen ?? (env['ESPALIER_METRICS_LISTEN'] || undefined);
  const address = parseAddress('--metrics-listen', given ?? LISTEN_DEFAULT, LISTEN_DEFAULT);
  return { listen: address === null ? null : { ...address, isDefault: given === undefined }, env };
}
