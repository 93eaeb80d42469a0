import { type Attributes, type Meter, SpanStatusCode } from '@opentelemetry/api';
import {
  blockContext,
  type Clock,
  createCounter,
  createHistogram,
  type ErrorCode,
  INSTRUMENTS,
  SPANS,
  type TraceContext,
} from '../../common/index.js';
import { type BlockId, CIRCUIT_NAMES, type JobId, type RunEventBody } from '../../proto/index.js';
import type { BlockClaim } from '../../queue/index.js';
import type { SpanMaker, Telemetry } from './sdk.js';

type EventOf<K extends RunEventBody['kind']> = Extract<RunEventBody, { readonly kind: K }>;

/** A block of this orchestrator. Times in milliseconds since the epoch. */
interface Owned {
  readonly claim: BlockClaim;
  readonly parent: TraceContext | undefined;
  readonly own: TraceContext;
  readonly claimedAtMs: number;
  plannedAtMs: number | undefined;
  jobs: number;
  outcome: Outcome | undefined;
  /** When an attempt was heard to begin, and who makes it. */
  readonly running: Map<JobId, { readonly startedAtMs: number; readonly workerId: string; readonly attempt: number }>;
  readonly retries: { readonly atMs: number; readonly attributes: Attributes }[];
}

const OUTCOMES = ['proven', 'failed', 'cancelled'] as const;

interface Outcome {
  readonly name: (typeof OUTCOMES)[number];
  readonly error: EventOf<'block-failed'>['error'] | undefined;
  readonly atMs: number;
}

/** Of one block, in one span. */
const RETRIES_MAX = 100;

/** What there is to count from the start: of a counter that appears with its first count, no increase is seen. */
const RETRIED_FOR: readonly ErrorCode[] = [
  'lease-lost',
  'out-of-memory',
  'proof-invalid',
  'prover-crashed',
  'prover-timeout',
  'store-corrupt',
  'store-unavailable',
];
const GIVEN_UP_FOR: readonly ErrorCode[] = [
  'attempts-exhausted',
  'inputs-malformed',
  'job-quarantined',
  'prover-rejected',
  'witness-unsatisfied',
];

/**
 * What an orchestrator's blocks tell operators: counts, how long they took, and their spans.
 *
 * All spans of a block are made when this orchestrator has it no more, so that none is without its parent when it dies.
 * The block's own span is the same one for every orchestrator that has it (`blockContext`); the one that ends it, ends it.
 */
export class BlockRecorder {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #spans: SpanMaker | null;
  readonly #orchestratorId: string;
  readonly #measures: ReturnType<typeof createMeasures>;
  readonly #blocks = new Map<BlockId, Owned>();

  constructor(
    { meter, spans }: Pick<Telemetry, 'meter' | 'spans'>,
    orchestratorId: string,
    clock: Pick<Clock, 'nowMs'>,
  ) {
    this.#clock = clock;
    this.#spans = spans;
    this.#orchestratorId = orchestratorId;
    this.#measures = createMeasures(meter);
    for (const circuit of CIRCUIT_NAMES) this.#measures.proven.add(0, { 'espalier.circuit': circuit });
    for (const outcome of OUTCOMES) this.#measures.ended.add(0, { 'espalier.outcome': outcome });
    for (const code of RETRIED_FOR) this.#measures.retried.add(0, { 'error.type': code });
    for (const code of GIVEN_UP_FOR) this.#measures.givenUp.add(0, { 'error.type': code });
  }

  /** See `OrchestratorOptions.onClaimed`. */
  onClaimed(claim: BlockClaim, whenGone: Promise<boolean>): void {
    const block: Owned = {
      claim,
      ...blockContext(claim),
      claimedAtMs: this.#clock.nowMs(),
      plannedAtMs: undefined,
      jobs: 0,
      outcome: undefined,
      running: new Map(),
      retries: [],
    };
    this.#blocks.set(claim.blockId, block);
    void whenGone.then((wasEnding) => {
      if (this.#blocks.get(claim.blockId) === block) this.#blocks.delete(claim.blockId);
      this.#makeSpans(block, wasEnding);
    });
  }

  onEvent(blockId: BlockId, event: RunEventBody): void {
    const block = this.#blocks.get(blockId);
    switch (event.kind) {
      case 'planned':
        if (block === undefined) return;
        block.plannedAtMs = this.#clock.nowMs();
        block.jobs = event.jobs;
        return;
      case 'job-started': {
        const { workerId, attempt } = event;
        block?.running.set(event.jobId, { startedAtMs: this.#clock.nowMs(), workerId, attempt });
        return;
      }
      case 'job-given-back':
        block?.running.delete(event.jobId);
        return;
      case 'job-proven':
        block?.running.delete(event.jobId);
        this.#measures.proven.add(1, { 'espalier.circuit': event.circuit });
        return;
      case 'job-retried':
        this.#retried(block, event);
        return;
      case 'block-proven':
        this.#ended(block, { name: 'proven', error: undefined, atMs: this.#clock.nowMs() });
        return;
      case 'block-failed':
        this.#failed(block, event);
        return;
    }
  }

  #retried(block: Owned | undefined, { jobId, circuit, attempt, error, delayMs }: EventOf<'job-retried'>): void {
    this.#measures.retried.add(1, { 'error.type': error.code });
    if (block === undefined) return;
    const atMs = this.#clock.nowMs();
    const attributes = {
      'espalier.job.id': jobId,
      'espalier.job.attempt': attempt,
      'espalier.circuit': circuit,
      'error.type': error.code,
    };
    if (block.retries.length < RETRIES_MAX) {
      block.retries.push({ atMs, attributes: { ...attributes, 'espalier.retry.delay_ms': delayMs } });
    }
    const running = block.running.get(jobId);
    block.running.delete(jobId);
    // Whoever made it cannot tell.
    if (error.code !== 'lease-lost' || running?.attempt !== attempt) return;
    const lost = this.#spans?.start(
      SPANS.lost.name,
      {
        startTime: running.startedAtMs,
        attributes: { ...attributes, 'espalier.block.id': block.claim.blockId, 'espalier.worker.id': running.workerId },
      },
      block.own,
    );
    lost?.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    lost?.end(atMs);
  }

  #failed(block: Owned | undefined, { error, jobId }: EventOf<'block-failed'>): void {
    const name = error.code === 'cancelled' ? 'cancelled' : 'failed';
    if (name === 'failed' && jobId !== null) this.#measures.givenUp.add(1, { 'error.type': error.code });
    this.#ended(block, { name, error: name === 'failed' ? error : undefined, atMs: this.#clock.nowMs() });
  }

  #ended(block: Owned | undefined, outcome: Outcome): void {
    if (block === undefined) return;
    block.outcome = outcome;
    this.#measures.ended.add(1, { 'espalier.outcome': outcome.name });
    this.#measures.duration.record((outcome.atMs - block.claim.submittedAtMs) / 1_000, {
      'espalier.outcome': outcome.name,
      ...(outcome.error === undefined ? {} : { 'error.type': outcome.error.code }),
    });
  }

  #makeSpans(block: Owned, wasEnding: boolean): void {
    if (this.#spans === null) return;
    const { claim, outcome, claimedAtMs, plannedAtMs, jobs, parent, own } = block;
    const goneAtMs = this.#clock.nowMs();
    const attributes = { 'espalier.block.id': claim.blockId };
    if (outcome !== undefined || wasEnding) {
      const span = this.#spans.start(
        SPANS.block.name,
        {
          startTime: claim.submittedAtMs,
          attributes: {
            ...attributes,
            'espalier.block.transactions': claim.transactions,
            'espalier.block.calls': claim.calls,
            ...(jobs === 0 ? {} : { 'espalier.block.jobs': jobs }),
            ...(outcome === undefined ? {} : { 'espalier.outcome': outcome.name }),
          },
        },
        parent,
        own,
      );
      if (outcome?.error !== undefined) {
        span.setAttribute('error.type', outcome.error.code);
        span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error.message });
      }
      span.end(goneAtMs);
    }
    const tenure = this.#spans.start(
      SPANS.tenure.name,
      { startTime: claimedAtMs, attributes: { ...attributes, 'espalier.orchestrator.id': this.#orchestratorId } },
      own,
    );
    for (const { atMs, attributes: retry } of block.retries) tenure.addEvent('retry', retry, atMs);
    if (plannedAtMs !== undefined) {
      this.#spans.start(SPANS.prepare.name, { startTime: claimedAtMs }, tenure).end(plannedAtMs);
    }
    tenure.end(goneAtMs);
  }
}

function createMeasures(meter: Meter) {
  return {
    proven: createCounter(meter, INSTRUMENTS.jobsProven),
    retried: createCounter(meter, INSTRUMENTS.jobsRetried),
    givenUp: createCounter(meter, INSTRUMENTS.jobsGivenUp),
    ended: createCounter(meter, INSTRUMENTS.blocksEnded),
    duration: createHistogram(meter, INSTRUMENTS.blockDuration),
  };
}
