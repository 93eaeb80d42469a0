/**
 * Environment variables that Espalier reads, besides what terminals set (`NO_COLOR`, `TERM`, `CI`, the locale). The
 * README's table is held to this one, and so is every reading of `env[…]` (tests/tidy.test.ts).
 */
export const ENVIRONMENT = {
  ESPALIER_CACHE: 'folder for what can be made again (SRS, keys, measured times); default `~/.cache/espalier`',
  XDG_CACHE_HOME: 'base of that default, instead of `~/.cache`',
  ESPALIER_BB: 'the `bb` to use in place of the one that comes with `@aztec/bb.js`',
  ESPALIER_CANONICAL_SRS: 'folder with the canonical SRS, looked at first',
  CRS_PATH: 'folder where `bb` keeps the canonical SRS, looked at next; then `~/.bb-crs`',
  ESPALIER_SRS_HOSTS: 'mirrors to download the canonical SRS from, separated by commas',
  ESPALIER_SERVER: 'orchestrator that commands ask, instead of `--server`; default `127.0.0.1:7420`',
  ESPALIER_TOKEN: 'bearer token for it, instead of `--token-file`',
  ESPALIER_REDIS: 'Redis of the cluster, instead of `--redis`',
  ESPALIER_REDIS_CA: 'PEM of the CA that signed the certificate of a `rediss://` server, instead of `--redis-ca`',
  ESPALIER_STORE: 'proof store of the cluster, instead of `--store`',
  ESPALIER_NAMESPACE: 'namespace in that Redis, instead of `--namespace`; default `espalier`',
  ESPALIER_LISTEN: 'where an orchestrator serves its API, instead of `--listen`; default `127.0.0.1:7420`',
  ESPALIER_SCALER_LISTEN:
    "where an orchestrator serves KEDA's external scaler, instead of `--scaler-listen`; default `off`",
  KUBERNETES_SERVICE_HOST:
    'where a pod finds the Kubernetes API; Kubernetes sets it, and `espalier pod-costs` reads it',
  KUBERNETES_SERVICE_PORT: 'its port; default 443',
  ESPALIER_METRICS_LISTEN:
    'where an orchestrator or a worker serves metrics and probes, instead of `--metrics-listen`; default `127.0.0.1:9464`',
  OTEL_EXPORTER_OTLP_ENDPOINT:
    'where traces and metrics are sent over OTLP (HTTP, protobuf), as in `http://collector:4318`; default: nowhere',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'the same for traces alone, with its path',
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'the same for metrics alone, with its path',
  OTEL_METRIC_EXPORT_INTERVAL: 'how often metrics are sent, in milliseconds; default 60000',
  OTEL_TRACES_SAMPLER: 'which traces are kept, as in `parentbased_traceidratio`; default `parentbased_always_on`',
  OTEL_TRACES_SAMPLER_ARG: 'the share that such a sampler keeps, from 0 to 1',
  OTEL_SDK_DISABLED: '`true`: nothing is measured',
  HOME: 'where those `~` are',
} as const satisfies Record<string, string>;
