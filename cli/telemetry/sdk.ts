import {
  DiagLogLevel,
  diag,
  type Meter,
  metrics,
  type Span,
  type SpanOptions,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type IdGenerator, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace';
import { settledWithin, type TraceContext } from '../../common/index.js';
import type { ProcessLog } from '../cluster/process-log.js';
import { contextOf } from './contexts.js';
import { samplerOf } from './sampler.js';
import { type Environment, sendsMetrics, sendsTraces } from './wanted.js';

export interface TelemetryOptions {
  /** `espalier-worker`. */
  readonly service: string;
  readonly version: string;
  /** Tells the process from all others. */
  readonly instanceId: string;
  readonly env: Environment;
  /** Whether metrics are asked for by Prometheus. */
  readonly isScraped: boolean;
  readonly log: ProcessLog;
}

/** What this process measures, and where that goes. */
export interface Telemetry {
  readonly meter: Meter;
  /** null: traces go nowhere. */
  readonly spans: SpanMaker | null;
  /** In Prometheus's text format. */
  metricsText(): Promise<string>;
  /** Sends what is left, for a moment. Idempotent. */
  close(): Promise<void>;
}

/** Makes spans whose places in their traces are known. */
export interface SpanMaker {
  /** A child of `parent`; of none, where that is undefined. `as`: the ids that it is to have. */
  start(name: string, options: SpanOptions, parent: TraceContext | Span | undefined, as?: TraceContext): Span;
}

/** Spans that wait to be sent; beyond, they are dropped. A worker makes some ten with each proof. */
const SPANS_WAITING_MAX = 8_192;
const SPANS_AT_ONCE_MAX = 512;
/** What a process that dies has not sent is lost. */
const SEND_DELAY_MS = 1_000;
/** A backend that is away holds up nothing but the end of a process, and that not for long. */
const SEND_WITHIN_MS = 5_000;
const CLOSE_WITHIN_MS = 2_000;
/** So often the log says that a backend is away. */
const TROUBLE_INTERVAL_MS = 60_000;

/**
 * Sets up OpenTelemetry's SDK for this process, for what asks for its meter and tracer globally too. Where to send
 * traces and metrics is in `OTEL_*`, as OpenTelemetry has it; they go over HTTP, as protobuf.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { env, log } = options;
  diag.setLogger(troubles(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const resource = defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': options.service,
        'service.namespace': 'espalier',
        'service.version': options.version,
        'service.instance.id': options.instanceId,
      }),
    )
    // What the operator says goes first: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES.
    .merge(detectResources({ detectors: [envDetector] }));
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const exporter = () => new OTLPMetricExporter({ timeoutMillis: SEND_WITHIN_MS });
  const meterProvider = new MeterProvider({
    resource,
    readers: [
      ...(options.isScraped ? [prometheus] : []),
      ...(sendsMetrics(env) ? [new PeriodicExportingMetricReader({ exporter: exporter(), ...intervalOf(env) })] : []),
    ],
  });
  const ids = new GivenIds();
  const tracerProvider = sendsTraces(env) ? makeTracerProvider(resource, ids, env) : null;
  metrics.setGlobalMeterProvider(meterProvider);
  if (tracerProvider !== null) trace.setGlobalTracerProvider(tracerProvider);
  const close = async () => {
    await settledWithin(Promise.all([meterProvider.shutdown(), tracerProvider?.shutdown()]), CLOSE_WITHIN_MS);
    metrics.disable();
    trace.disable();
    diag.disable();
  };
  let closed: Promise<void> | undefined;
  return {
    meter: meterProvider.getMeter('espalier', options.version),
    spans: tracerProvider && spanMaker(tracerProvider.getTracer('espalier', options.version), ids),
    metricsText: async () => textOf((await prometheus.collect()).resourceMetrics),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function makeTracerProvider(
  resource: ReturnType<typeof resourceFromAttributes>,
  idGenerator: IdGenerator,
  env: Environment,
): TracerProvider {
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ timeoutMillis: SEND_WITHIN_MS }),
    maxQueueSize: SPANS_WAITING_MAX,
    maxExportBatchSize: SPANS_AT_ONCE_MAX,
    scheduledDelayMillis: SEND_DELAY_MS,
    exportTimeoutMillis: SEND_WITHIN_MS,
  });
  return new TracerProvider({ resource, idGenerator, sampler: samplerOf(env), spanProcessors: [processor] });
}

function intervalOf(env: Environment): { readonly exportIntervalMillis?: number } {
  const ms = Number(env['OTEL_METRIC_EXPORT_INTERVAL']);
  return ms >= 1 ? { exportIntervalMillis: ms, ...(ms < SEND_WITHIN_MS ? { exportTimeoutMillis: ms } : {}) } : {};
}

/** Random ids, but for the spans that are given theirs. */
class GivenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #given: TraceContext | undefined;

  generateTraceId(): string {
    return this.#given?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#given?.spanId ?? this.#random.generateSpanId();
  }

  /** `make` begins one span. */
  give(ids: TraceContext | undefined, make: () => Span): Span {
    this.#given = ids;
    try {
      return make();
    } finally {
      this.#given = undefined;
    }
  }
}

function spanMaker(tracer: Tracer, ids: GivenIds): SpanMaker {
  return {
    start: (name, options, parent, as) => ids.give(as, () => tracer.startSpan(name, options, contextOf(parent))),
  };
}

/** Without the labels of the library; units are in the names, as OpenTelemetry's mapping to Prometheus has it. */
function textOf(collected: ResourceMetrics): string {
  const scopeMetrics = collected.scopeMetrics.map((scope) => ({
    ...scope,
    metrics: scope.metrics.map((metric) => {
      const { name, unit } = metric.descriptor;
      const descriptor = { ...metric.descriptor, name: unit === 's' ? `${name}_seconds` : name, unit: '' };
      return { ...metric, descriptor };
    }),
  }));
  return new PrometheusSerializer(undefined, false, undefined, false, true).serialize({ ...collected, scopeMetrics });
}

/** What the SDK complains of: that a backend is away, mostly. */
function troubles(log: ProcessLog) {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  const say = (message: string, ...details: unknown[]) => {
    const text = `telemetry: ${[message, ...details].map(String).join(' ')}`.slice(0, 500);
    const nowMs = performance.now();
    if (nowMs - saidAtMs < TROUBLE_INTERVAL_MS) return log.debug(text, { kind: 'telemetry', message: text });
    saidAtMs = nowMs;
    log.trouble(text);
  };
  const detail = (message: string) => log.debug(`telemetry: ${message}`, { kind: 'telemetry', message });
  return { error: say, warn: say, info: detail, debug: detail, verbose: detail };
}
