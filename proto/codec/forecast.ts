import { RESOURCE_CLASSES } from '../circuit.js';
import type { ClassDemand, Forecast, Lateness, LatenessCause, LevelProgress } from '../forecast.js';
import * as wire from '../wire.js';
import { answer, reversed, wholeMs } from './check.js';

const CAUSES: Readonly<Record<LatenessCause, wire.LatenessCause>> = {
  workers: wire.LatenessCause.WORKERS,
  'older-blocks': wire.LatenessCause.OLDER_BLOCKS,
  'critical-path': wire.LatenessCause.CRITICAL_PATH,
  'deadline-passed': wire.LatenessCause.DEADLINE_PASSED,
};
const CAUSE_NAMES = reversed(CAUSES);

export function levelToWire({ name, jobs, done, running }: LevelProgress): wire.LevelProgress {
  return { name, jobs, done, running };
}

export function levelFromWire({ name, jobs, done, running }: wire.LevelProgress): LevelProgress {
  return { name, jobs, done, running };
}

/** `deadlineAtMs`: of the block, for the slack; null where it has none. */
export function forecastToWire(forecast: Forecast, deadlineAtMs: number | null): wire.Forecast {
  const { rootAtMs, demand, late } = forecast;
  return {
    rootAtMs: rootAtMs === null ? 0 : wholeMs(rootAtMs),
    slackMs: rootAtMs === null || deadlineAtMs === null ? 0 : wholeMs(deadlineAtMs) - wholeMs(rootAtMs),
    demand: demand.map(demandToWire),
    late: late === null ? undefined : latenessToWire(late),
  };
}

export function forecastFromWire({ rootAtMs, demand, late }: wire.Forecast): Forecast {
  return {
    rootAtMs: rootAtMs === 0 ? null : rootAtMs,
    demand: demand.map(demandFromWire),
    late: late === undefined ? null : latenessFromWire(late),
  };
}

export function demandToWire({ soonMs, ...counts }: ClassDemand): wire.ClassDemand {
  return { ...counts, soonMs: wholeMs(soonMs) };
}

export function demandFromWire(demand: wire.ClassDemand): ClassDemand {
  const { resourceClass, queued, running, soon, soonMs, slots } = demand;
  return {
    resourceClass: answer.oneOf(resourceClass, RESOURCE_CLASSES, 'a class'),
    queued,
    running,
    soon,
    soonMs,
    slots,
  };
}

function latenessToWire({ cause, resourceClass, missingSlots, missingWorkers, message }: Lateness): wire.Lateness {
  return { cause: CAUSES[cause], resourceClass: resourceClass ?? '', missingSlots, missingWorkers, message };
}

function latenessFromWire(late: wire.Lateness): Lateness {
  const { cause, resourceClass, missingSlots, missingWorkers, message } = late;
  return {
    cause: answer.named(cause, CAUSE_NAMES, 'the cause of a lateness'),
    resourceClass:
      resourceClass === '' ? null : answer.oneOf(resourceClass, RESOURCE_CLASSES, 'the class that is short'),
    missingSlots,
    missingWorkers,
    message,
  };
}
