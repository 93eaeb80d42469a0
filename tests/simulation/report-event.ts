import { ERROR_CODES } from '../../common/index.js';
import type { SchedulerEvent } from '../../orchestrator/index.js';
import type { FleetReport } from './fleet.js';

export type EventBody = SchedulerEvent extends infer E ? (E extends SchedulerEvent ? Omit<E, 'nowMs'> : never) : never;

/** What the scheduler is told of a report. `tellsStarted`: whether it says of a lost lease if its proof had begun. */
export function toEvent(report: FleetReport, tellsStarted = true): EventBody {
  const { jobId, attempt, workerId } = report;
  switch (report.kind) {
    case 'started':
      return { kind: 'job-started', jobId, attempt };
    case 'given-back':
      return { kind: 'job-given-back', jobId, attempt };
    case 'proven':
    case 'late':
      return { kind: 'job-proven', jobId, attempt, wallMs: report.wallMs };
    case 'failed':
      if (!(report.code in ERROR_CODES)) throw new Error(`unknown code ${report.code}`);
      return {
        kind: 'job-failed',
        jobId,
        attempt,
        workerId,
        ...(tellsStarted ? { wasStarted: report.wasStarted } : {}),
        error: { code: report.code, message: 'as the scenario says' },
      };
  }
}
