import type { SnapshotReason, WatchedEvent, WatchedEventBody } from '../block-view.js';
import { CIRCUIT_NAMES, type CircuitName } from '../circuit.js';
import type { JobId } from '../job.js';
import * as wire from '../wire.js';
import { blockFromWire, blockToWire } from './block.js';
import { answer, reversed, wholeMs } from './check.js';
import { failureFromWire, failureToWire } from './failure.js';
import { forecastFromWire, forecastToWire, levelFromWire, levelToWire } from './forecast.js';

const REASONS: Readonly<Record<SnapshotReason, wire.SnapshotReason>> = {
  start: wire.SnapshotReason.START,
  planned: wire.SnapshotReason.PLANNED,
  'caught-up': wire.SnapshotReason.CAUGHT_UP,
};
const REASON_NAMES = reversed(REASONS);

type WireBody = NonNullable<wire.BlockEvent['event']>;

/** `deadlineAtMs`: of the block, for the slack of a forecast; null where it has none. */
export function eventToWire({ cursor, atMs, ...body }: WatchedEvent, deadlineAtMs: number | null): wire.BlockEvent {
  return { cursor, atMs: wholeMs(atMs), event: bodyToWire(body as WatchedEventBody, deadlineAtMs) };
}

/** Throws `internal` for an event that no server of this version tells. */
export function eventFromWire({ cursor, atMs, event }: wire.BlockEvent): WatchedEvent {
  return { cursor, atMs, ...bodyFromWire(answer.present(event, 'what happened, in an event,')) };
}

function bodyToWire(body: WatchedEventBody, deadlineAtMs: number | null): WireBody {
  switch (body.kind) {
    case 'snapshot':
      return { $case: 'snapshot', value: { reason: REASONS[body.reason], block: blockToWire(body.block) } };
    case 'job-started': {
      const { workerId, attempt } = body;
      return { $case: 'jobStarted', value: { job: placeToWire(body), workerId, attempt } };
    }
    case 'job-given-back': {
      const { workerId, attempt } = body;
      return { $case: 'jobGivenBack', value: { job: placeToWire(body), workerId, attempt } };
    }
    case 'job-proven': {
      const { workerId, attempts, wallMs } = body;
      return { $case: 'jobProven', value: { job: placeToWire(body), workerId, attempts, wallMs } };
    }
    case 'job-retried': {
      const { attempt, delayMs, error } = body;
      const value = { job: placeToWire(body), attempt, delayMs: wholeMs(delayMs), error: failureToWire(error) };
      return { $case: 'jobRetried', value };
    }
    case 'recounted':
      return { $case: 'recounted', value: { levels: body.levels.map(levelToWire) } };
    case 'proof-lost':
      return { $case: 'proofLost', value: { jobId: body.jobId, message: body.message } };
    case 'forecast':
      return { $case: 'forecast', value: forecastToWire(body.forecast, deadlineAtMs) };
    case 'ended':
      return { $case: 'ended', value: blockToWire(body.block) };
  }
}

function bodyFromWire(body: WireBody): WatchedEventBody {
  switch (body.$case) {
    case 'snapshot': {
      const reason = answer.named(body.value.reason, REASON_NAMES, 'the reason of a snapshot');
      return {
        kind: 'snapshot',
        reason,
        block: blockFromWire(answer.present(body.value.block, 'the block of a snapshot')),
      };
    }
    case 'jobStarted': {
      const { job, workerId, attempt } = body.value;
      return { kind: 'job-started', ...placeFromWire(job), workerId, attempt };
    }
    case 'jobGivenBack': {
      const { job, workerId, attempt } = body.value;
      return { kind: 'job-given-back', ...placeFromWire(job), workerId, attempt };
    }
    case 'jobProven': {
      const { job, workerId, attempts, wallMs } = body.value;
      return { kind: 'job-proven', ...placeFromWire(job), workerId, attempts, wallMs };
    }
    case 'jobRetried': {
      const { job, attempt, delayMs } = body.value;
      const error = failureFromWire(answer.present(body.value.error, 'the error of an attempt'));
      return { kind: 'job-retried', ...placeFromWire(job), attempt, delayMs, error };
    }
    case 'recounted':
      return { kind: 'recounted', levels: body.value.levels.map(levelFromWire) };
    case 'proofLost':
      return { kind: 'proof-lost', jobId: body.value.jobId, message: body.value.message };
    case 'forecast':
      return { kind: 'forecast', forecast: forecastFromWire(body.value) };
    case 'ended':
      return { kind: 'ended', block: blockFromWire(body.value) };
  }
}

interface JobPlace {
  readonly jobId: JobId;
  readonly circuit: CircuitName;
  readonly level: number;
}

function placeToWire({ jobId, circuit, level }: JobPlace): wire.JobPlace {
  return { jobId, circuit, level };
}

function placeFromWire(place: wire.JobPlace | undefined): JobPlace {
  const { jobId, circuit, level } = answer.present(place, 'the job of an event');
  return { jobId, circuit: answer.oneOf(circuit, CIRCUIT_NAMES, 'a circuit'), level };
}
