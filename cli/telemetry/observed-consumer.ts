import { type Meter, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  type Clock,
  createCounter,
  createGauge,
  createHistogram,
  EspalierError,
  INSTRUMENTS,
  parseTraceparent,
  type SerializedError,
  SPANS,
} from '../../common/index.js';
import { CIRCUIT_NAMES, type JobLease, type ProofSummary, type ResourceClass } from '../../proto/index.js';
import type { JobConsumer } from '../../queue/index.js';
import type { SpanMaker, Telemetry } from './sdk.js';

type Outcome = 'proven' | 'failed' | 'given-back' | 'cancelled';

/** A lease that has not ended. Times in milliseconds since the epoch, by the clock of this process. */
interface Attempt {
  /** When its job came into the queue, by another's clock, but not after it was taken; undefined: not known. */
  readonly queuedAtMs: number | undefined;
  readonly takenAtMs: number;
  readonly span: Span | undefined;
  readonly stopListening: () => void;
  /** When cores and memory were granted. */
  grantedAtMs: number | undefined;
  /** When its proof was durable. */
  storedAtMs: number | undefined;
}

/** A part of an attempt, from its start: the name of its span, and milliseconds. */
type Phase = readonly [span: keyof typeof SPANS, ms: number];

/**
 * A worker's side of the queue, which measures what becomes of each job, and makes the span of each attempt below its
 * block's. An attempt is *held* from `take` on, until it is reported, or its lease is lost or its job removed; its spans
 * are made when it ends, so that a worker that dies leaves none without a parent.
 */
export class ObservedConsumer implements JobConsumer {
  readonly #consumer: JobConsumer;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #spans: SpanMaker | null;
  readonly #measures: ReturnType<typeof createMeasures>;
  readonly #attempts = new Map<JobLease, Attempt>();

  constructor(
    consumer: JobConsumer,
    { meter, spans }: Pick<Telemetry, 'meter' | 'spans'>,
    clock: Pick<Clock, 'nowMs'>,
  ) {
    this.#consumer = consumer;
    this.#clock = clock;
    this.#spans = spans;
    this.#measures = createMeasures(meter);
    // Of a counter that appears with its first count no increase is seen: that of each pod's first proof.
    for (const circuit of CIRCUIT_NAMES) this.#measures.proving.add(0, { 'espalier.circuit': circuit });
    createGauge(meter, INSTRUMENTS.workerJobs).addCallback((result) => result.observe(this.#attempts.size));
  }

  async take(classes: readonly ResourceClass[], signal: AbortSignal): Promise<JobLease | undefined> {
    const lease = await this.#consumer.take(classes, signal);
    if (lease !== undefined) this.#begin(lease);
    return lease;
  }

  async started(lease: JobLease): Promise<void> {
    const attempt = this.#attempts.get(lease);
    if (attempt !== undefined) attempt.grantedAtMs ??= this.#clock.nowMs();
    await this.#consumer.started(lease);
  }

  async complete(lease: JobLease, summary: ProofSummary): Promise<void> {
    const attempt = this.#attempts.get(lease);
    if (attempt !== undefined) attempt.storedAtMs ??= this.#clock.nowMs();
    await this.#report(lease, () => this.#consumer.complete(lease, summary));
    this.#end(lease, 'proven', { summary });
  }

  async fail(lease: JobLease, error: SerializedError): Promise<void> {
    await this.#report(lease, () => this.#consumer.fail(lease, error));
    this.#end(lease, 'failed', { error });
  }

  async release(lease: JobLease): Promise<void> {
    await this.#report(lease, () => this.#consumer.release(lease));
    this.#end(lease, 'given-back');
  }

  #begin(lease: JobLease): void {
    const takenAtMs = this.#clock.nowMs();
    const { job, trace } = lease;
    const queuedAtMs = trace === undefined ? undefined : Math.min(takenAtMs, trace.queuedAtMs);
    if (queuedAtMs !== undefined) {
      this.#measures.queueWait.record((takenAtMs - queuedAtMs) / 1_000, { 'espalier.class': job.resourceClass });
    }
    const lost = () => this.#end(lease, 'cancelled', { error: EspalierError.from(lease.signal.reason).toSerialized() });
    lease.signal.addEventListener('abort', lost, { once: true });
    this.#attempts.set(lease, {
      queuedAtMs,
      takenAtMs,
      span: this.#startSpan(lease, queuedAtMs ?? takenAtMs),
      stopListening: () => lease.signal.removeEventListener('abort', lost),
      grantedAtMs: undefined,
      storedAtMs: undefined,
    });
  }

  #startSpan({ job, attempt, workerId, trace }: JobLease, startTime: number): Span | undefined {
    const parent = parseTraceparent(trace?.parent);
    if (parent === undefined) return undefined;
    const attributes = {
      'espalier.block.id': job.blockId,
      'espalier.job.id': job.id,
      'espalier.job.attempt': attempt,
      'espalier.circuit': job.circuit,
      'espalier.class': job.resourceClass,
      'espalier.worker.id': workerId,
    };
    return this.#spans?.start(SPANS.attempt.name, { kind: SpanKind.CONSUMER, startTime, attributes }, parent);
  }

  /** A queue that is away is told again by the caller: the attempt has not ended before it was, or is lost. */
  async #report(lease: JobLease, tell: () => Promise<void>): Promise<void> {
    try {
      await tell();
    } catch (thrown) {
      const error = EspalierError.from(thrown);
      if (error.code === 'lease-lost') this.#end(lease, 'cancelled', { error: error.toSerialized() });
      throw thrown;
    }
  }

  #end(
    lease: JobLease,
    outcome: Outcome,
    { summary, error }: { readonly summary?: ProofSummary; readonly error?: SerializedError } = {},
  ): void {
    const attempt = this.#attempts.get(lease);
    if (attempt === undefined) return;
    this.#attempts.delete(lease);
    attempt.stopListening();
    const endedAtMs = this.#clock.nowMs();
    const circuit = { 'espalier.circuit': lease.job.circuit };
    const failure = error === undefined ? {} : { 'error.type': error.code };
    this.#measures.attempt.record((endedAtMs - attempt.takenAtMs) / 1_000, {
      ...circuit,
      'espalier.outcome': outcome,
      ...failure,
    });
    // A proof that was found in the store was made by an earlier attempt, in its own time.
    const own = summary !== undefined && summary.startedAtMs >= attempt.takenAtMs ? summary : undefined;
    const phases = own === undefined ? [] : phasesOf(own, attempt.storedAtMs ?? endedAtMs);
    for (const [phase, ms] of phases) {
      this.#measures.phase.record(ms / 1_000, { ...circuit, 'espalier.phase': SPANS[phase].name });
    }
    if (own !== undefined) this.#measures.proving.add(own.timings.proveMs / 1_000, circuit);
    const { span } = attempt;
    if (span === undefined) return;
    this.#endSpans(span, attempt, { endedAtMs, phases, startedAtMs: own?.startedAtMs });
    span.setAttributes({ 'espalier.outcome': outcome, ...failure });
    if (own !== undefined) span.setAttribute('espalier.worker.threads', own.threads);
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    span.end(endedAtMs);
  }

  #endSpans(
    span: Span,
    { queuedAtMs, takenAtMs, grantedAtMs }: Attempt,
    {
      endedAtMs,
      phases,
      startedAtMs = takenAtMs,
    }: { readonly endedAtMs: number; readonly phases: readonly Phase[]; readonly startedAtMs: number | undefined },
  ): void {
    const child = (name: keyof typeof SPANS, startMs: number, endMs: number) =>
      this.#spans?.start(SPANS[name].name, { startTime: startMs }, span).end(endMs);
    if (queuedAtMs !== undefined) child('queueWait', queuedAtMs, takenAtMs);
    let atMs = startedAtMs;
    for (const [name, ms] of phases) {
      child(name, atMs, atMs + ms);
      atMs += ms;
    }
    // How far one came that made no proof.
    if (phases.length === 0 && grantedAtMs !== undefined) child('prove', grantedAtMs, endedAtMs);
  }
}

/** In their order (`makeProof`, `keepProof`). */
function phasesOf({ startedAtMs, timings }: ProofSummary, storedAtMs: number): readonly Phase[] {
  const { storeMs, witnessMs, queuedMs, proveMs, verifyMs } = timings;
  const verifiedAtMs = startedAtMs + storeMs + witnessMs + queuedMs + proveMs + verifyMs;
  return [
    ['read', storeMs],
    ['witness', witnessMs],
    ['slotWait', queuedMs],
    ['prove', proveMs],
    ['verify', verifyMs],
    ['store', Math.max(0, storedAtMs - verifiedAtMs)],
  ];
}

function createMeasures(meter: Meter) {
  return {
    attempt: createHistogram(meter, INSTRUMENTS.attemptDuration),
    phase: createHistogram(meter, INSTRUMENTS.attemptPhaseDuration),
    queueWait: createHistogram(meter, INSTRUMENTS.queueWait),
    proving: createCounter(meter, INSTRUMENTS.provingTime),
  };
}
