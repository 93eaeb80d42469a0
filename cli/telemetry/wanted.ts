export type Environment = Readonly<Record<string, string | undefined>>;

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

/** Whether anything of what a process measures is wanted. `isScraped`: metrics are served. */
export function isTelemetryWanted(env: Environment, isScraped: boolean): boolean {
  if (env['OTEL_SDK_DISABLED'] === 'true') return false;
  return isScraped || sendsTraces(env) || sendsMetrics(env);
}

export function sendsTraces(env: Environment): boolean {
  return Boolean(env[ENDPOINT] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
}

export function sendsMetrics(env: Environment): boolean {
  return Boolean(env[ENDPOINT] || env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT']);
}
