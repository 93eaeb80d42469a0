import { EspalierError, systemClock } from '../../common/index.js';
import type { Closing } from '../cluster/closing.js';
import type { ProcessLog } from '../cluster/process-log.js';
import { type ProbeAddress, ProbeServer } from './probe-server.js';
import { type CheckResult, Readiness, type Verdict } from './readiness.js';

/** How a process lets itself be watched. */
export interface MonitoringPlan {
  /** null: nowhere. */
  readonly listen: ProbeAddress | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface MonitoringOptions {
  readonly plan: MonitoringPlan;
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
  /** From now on the process is healthy only while this comes round. */
  watchPulse(pulse: Pulse): void;
}

/** Serves probes from now on, before anything is ready, until `closing`, the last of all. Rejects with `usage`. */
export async function startMonitoring(
  { plan, awaited, log, signal }: MonitoringOptions,
  closing: Closing,
): Promise<Monitoring> {
  const readiness = new Readiness(awaited, systemClock);
  const drain = () => readiness.drain(EspalierError.from(signal?.reason).message);
  signal?.addEventListener('abort', drain, { once: true });
  const pulses: Pulse[] = [];
  if (plan.listen !== null) {
    const server = closing.add(
      await ProbeServer.start(plan.listen, {
        health: async () => healthOf(pulses),
        readiness: () => readiness.verdict(),
        metrics: null,
      }),
      (it) => it.close(),
    );
    const text = `metrics and probes are served on http://${server.address}`;
    log.write('plain', text, { kind: 'metrics', address: server.address });
  }
  return { readiness, watchPulse: (pulse) => void pulses.push(pulse) };
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
