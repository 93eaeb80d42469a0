import type { BlockView, ClassDemand, Forecast } from '../../proto/index.js';
import { formatCount, formatDuration, formatPlural } from '../format.js';
import { oneLine } from '../report-error.js';

type Planned = Pick<BlockView, 'forecast' | 'deadlineAtMs'>;

/** Whether the root is proven too: the forecast of such a block is older than that, and says nothing any more. */
export function isAllProven({ jobs, done }: Pick<BlockView, 'jobs' | 'done'>): boolean {
  return jobs > 0 && done === jobs;
}

/** When the root lands and how that fits the deadline: `in 2m 10s (12:03:41Z), 3m 20s before its deadline`. */
export function landingText({ forecast, deadlineAtMs }: Planned, nowMs: number): string {
  if (forecast === null) return 'not known yet';
  const { rootAtMs } = forecast;
  if (rootAtMs === null) return `never, as things are${deadlineText(deadlineAtMs, nowMs)}`;
  const when = `in ${formatDuration(rootAtMs - nowMs)} (${timeText(rootAtMs)})`;
  if (deadlineAtMs === null) return when;
  const slackMs = deadlineAtMs - rootAtMs;
  const side = slackMs >= 0 ? 'before' : 'after';
  return `${when}, ${formatDuration(Math.abs(slackMs))} ${side} its deadline`;
}

/** `, the deadline is in 5m 00s`, or has passed. */
function deadlineText(deadlineAtMs: number | null, nowMs: number): string {
  if (deadlineAtMs === null) return '';
  const leftMs = deadlineAtMs - nowMs;
  return leftMs >= 0
    ? `, the deadline is in ${formatDuration(leftMs)}`
    : `, the deadline passed ${formatDuration(-leftMs)} ago`;
}

/** What is the matter with a block that will be late, and what would help; null where it will not. */
export function latenessText(forecast: Forecast | null): string | null {
  const late = forecast?.late ?? null;
  return late === null ? null : oneLine(late.message);
}

/** `vm: 4 running on 4 slots, 12 queued, 20 soon`. */
export function demandText({ resourceClass, running, slots, queued, soon }: ClassDemand): string {
  const waiting = `${formatCount(queued)} queued, ${formatCount(soon)} soon`;
  return `${resourceClass}: ${formatCount(running)} running on ${formatPlural(slots, 'slot')}, ${waiting}`;
}

function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)}Z`;
}
