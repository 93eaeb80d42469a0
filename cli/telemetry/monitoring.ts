import { createGauge, EspalierError, INSTRUMENTS, type Process, systemClock } from '../../common/index.js';
import type { JobConsumer } from '../../queue/index.js';
import type { BlobStore } from '../../store/index.js';
import type { Closing } from '../cluster/closing.js';
import type { ProcessLog } from '../cluster/process-log.js';
import { readPackageInfo } from '../package-info.js';
import { watchEventLoop } from './event-loop.js';
import { ObservedConsumer } from './observed-consumer.js';
import { type ProbeAddress, ProbeServer } from './probe-server.js';
import { type CheckResult, Readiness, type Verdict } from './readiness.js';
import type { Telemetry } from './sdk.js';
import { TimedBlobStore } from './timed-blob-store.js';
import { isTelemetryWanted } from './wanted.js';

/** How a process lets itself be watched. */
export interface MonitoringPlan {
  /** null: nowhere. */
  readonly listen: ProbeAddress | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface MonitoringOptions {
  readonly plan: MonitoringPlan;
  readonly process: Process;
  /** Tells this process from all others: the id of its worker or orchestrator. */
  readonly instanceId: string;
  /** What must be so before the process can do its work, and why it is not yet (`Readiness`). */
  readonly awaited: Readonly<Record<string, string>>;
  readonly log: ProcessLog;
  /** Aborting it is the end of readiness. */
  readonly signal?: AbortSignal;
}

/** A thread that keeps the process alive in the eyes of others, and may have stopped: `RedisHeart`. */
export interface Pulse {
  /** Milliseconds since it last came round. */
  readonly silentMs: number;
}

/** A heart comes round more than once a second. */
const SILENT_MS_MAX = 30_000;

/** What a process shows of itself: whether it lives, whether it is ready, and its metrics. */
export interface Monitoring {
  readonly readiness: Readiness;
  /** null: nobody wants to know. */
  readonly telemetry: Telemetry | null;
  /** From now on the process is healthy only while this comes round. */
  watchPulse(pulse: Pulse): void;
  /** The same store, each operation of which is timed. */
  timed(blobs: BlobStore): BlobStore;
  /** The same consumer, which measures what becomes of each job. */
  observed(consumer: JobConsumer): JobConsumer;
}

/**
 * Measures, and serves probes and metrics, from now on, before anything is ready, until `closing`, the last of all. Rejects
 * with `usage`. Connections that are to be measured are opened after it.
 */
export async function startMonitoring(options: MonitoringOptions, closing: Closing): Promise<Monitoring> {
  const { plan, awaited, log, signal } = options;
  const telemetry = await openTelemetry(options, closing);
  const readiness = new Readiness(awaited, systemClock);
  if (telemetry !== null) watchReadiness(telemetry, readiness);
  const drain = () => readiness.drain(EspalierError.from(signal?.reason).message);
  signal?.addEventListener('abort', drain, { once: true });
  const pulses: Pulse[] = [];
  if (plan.listen !== null) {
    const server = closing.add(
      await ProbeServer.start(plan.listen, {
        health: async () => healthOf(pulses),
        readiness: () => readiness.verdict(),
        metrics: telemetry && (() => telemetry.metricsText()),
      }),
      (it) => it.close(),
    );
    const text = `metrics and probes are served on http://${server.address}`;
    log.write('plain', text, { kind: 'metrics', address: server.address });
  }
  return {
    readiness,
    telemetry,
    watchPulse: (pulse) => void pulses.push(pulse),
    timed: (blobs) => (telemetry === null ? blobs : new TimedBlobStore(blobs, telemetry.meter)),
    observed: (consumer) => (telemetry === null ? consumer : new ObservedConsumer(consumer, telemetry, systemClock)),
  };
}

/** What it takes to measure is loaded only where somebody wants to know. */
async function openTelemetry(
  { plan: { listen, env }, process, instanceId, log }: MonitoringOptions,
  closing: Closing,
): Promise<Telemetry | null> {
  const isScraped = listen !== null;
  if (!isTelemetryWanted(env, isScraped)) return null;
  const { startTelemetry } = await import('./sdk.js');
  const { version } = readPackageInfo();
  const telemetry = startTelemetry({ service: `espalier-${process}`, version, instanceId, env, isScraped, log });
  closing.add(telemetry, (it) => it.close());
  const stopWatching = watchEventLoop(telemetry.meter, systemClock);
  closing.add(stopWatching, async (stop) => stop());
  return telemetry;
}

/** A scrape waits for a part that is away, for as long as a probe does. */
function watchReadiness({ meter }: Telemetry, readiness: Readiness): void {
  createGauge(meter, INSTRUMENTS.ready).addCallback(async (result) => {
    const { checks } = await readiness.verdict();
    for (const [name, { ok }] of Object.entries(checks)) result.observe(ok ? 1 : 0, { 'espalier.check': name });
  });
}

/** That the event loop turns is shown by the answer itself. */
function healthOf(pulses: readonly Pulse[]): Verdict {
  const silentMs = Math.max(0, ...pulses.map((pulse) => pulse.silentMs));
  const heart: CheckResult =
    silentMs <= SILENT_MS_MAX
      ? { ok: true }
      : { ok: false, reason: `the heart's thread has not come round for ${Math.round(silentMs / 1_000)} s` };
  return { ok: heart.ok, checks: { eventLoop: { ok: true }, ...(pulses.length === 0 ? {} : { heart }) } };
}
