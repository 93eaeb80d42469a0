import type { BlockOutlook, Capacity } from '../../proto/index.js';
import { formatCount, formatDuration, formatTable } from '../format.js';
import { oneLine } from '../report-error.js';
import { latenessText } from './render-forecast.js';

/** What is asked of each class and what there is of it, and how much time each open block has left. */
export function renderCapacity(capacity: Capacity, nowMs: number): string {
  const demand = renderDemand(capacity) || 'nothing is asked of any class, and no worker is there\n';
  const { blocks } = capacity;
  if (blocks.length === 0) return demand;
  const rows = blocks.map((block) => blockRow(block, nowMs));
  const header = ['block', 'time left', 'root in', 'slack', ''];
  return `${demand}\n${formatTable(rows, { header, align: ['left', 'right', 'right', 'right', 'left'] })}`;
}

/** A line for each class; nothing where there is none. */
export function renderDemand({ demand, workers, blocks }: Capacity): string {
  if (demand.length === 0) return '';
  const rows = demand.map(({ resourceClass, queued, running, soon, slots }) => [
    resourceClass,
    ...[queued, running, soon, slots, workers[resourceClass] ?? 0].map(formatCount),
    shortText(blocks, resourceClass),
  ]);
  return formatTable(rows, {
    header: ['class', 'queued', 'running', 'soon', 'slots', 'workers', 'short of'],
    align: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
  });
}

/** Workers of a class that are missing for the block that needs the most. */
function shortText(blocks: readonly BlockOutlook[], resourceClass: string): string {
  const missing = blocks.map(({ forecast }) =>
    forecast?.late?.resourceClass === resourceClass ? forecast.late.missingWorkers : 0,
  );
  const most = Math.max(0, ...missing);
  return most === 0 ? '-' : formatCount(most);
}

const ID_CHARS = 12;

function blockRow({ blockId, timeLeftMs, forecast }: BlockOutlook, nowMs: number): readonly string[] {
  const rootAtMs = forecast?.rootAtMs ?? null;
  const slackMs = rootAtMs === null || timeLeftMs === null ? null : nowMs + timeLeftMs - rootAtMs;
  return [
    blockId.slice(0, ID_CHARS),
    signed(timeLeftMs),
    rootAtMs === null ? '-' : formatDuration(rootAtMs - nowMs),
    signed(slackMs),
    oneLine(latenessText(forecast) ?? ''),
  ];
}

/** null: there is none. */
function signed(ms: number | null): string {
  if (ms === null) return '-';
  return ms < 0 ? `-${formatDuration(-ms)}` : formatDuration(ms);
}
