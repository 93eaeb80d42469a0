import type { BlockState, BlockView, Capacity, EndedState, Forecast } from '../../proto/index.js';
import { formatCount, formatDuration, formatPlural, formatTable } from '../format.js';
import { oneLine } from '../report-error.js';
import { renderDemand } from './render-capacity.js';
import { demandText, landingText, latenessText } from './render-forecast.js';

/** Digits of a block id that are shown in tables: enough to name it by. */
export const SHORT_ID_CHARS = 12;

/** What `espalier status` shows of a whole cluster. */
export interface ClusterView {
  /** The oldest first. */
  readonly open: readonly BlockView[];
  readonly capacity: Capacity;
  /** The latest first. */
  readonly ended: readonly BlockView[];
}

/** Open blocks, what they ask of the fleet, and what became of the latest ones that ended. */
export function renderCluster({ open, capacity, ended }: ClusterView, nowMs: number): string {
  const outlooks = new Map(capacity.blocks.map((outlook) => [outlook.blockId, outlook]));
  const openText =
    open.length === 0
      ? 'no block is open\n'
      : formatTable(
          open.map((block) => openRow(block, outlooks.get(block.blockId)?.forecast ?? null, nowMs)),
          { header: ['block', 'state', 'proven', 'running', 'submitted', 'root', 'owner'], align: OPEN_ALIGN },
        );
  const endedText =
    ended.length === 0
      ? []
      : [
          formatTable(
            ended.map((result) => endedRow(result, nowMs)),
            { header: ['ended', 'as', 'jobs', 'took', 'when', ''], align: ENDED_ALIGN },
          ),
        ];
  const demand = renderDemand(capacity);
  return [openText, ...(demand === '' ? [] : [demand]), ...endedText].join('\n');
}

const OPEN_ALIGN = ['left', 'left', 'right', 'right', 'left', 'left', 'left'] as const;
const ENDED_ALIGN = ['left', 'left', 'right', 'left', 'left', 'left'] as const;

function openRow(block: BlockView, forecast: Forecast | null, nowMs: number): readonly string[] {
  return [
    shortId(block.blockId),
    block.state,
    block.jobs === 0 ? '-' : `${formatCount(block.done)}/${formatCount(block.jobs)}`,
    formatCount(block.running),
    ago(block.submittedAtMs, nowMs),
    rootText(forecast, nowMs),
    block.owner === null ? '-' : oneLine(block.owner),
  ];
}

/** `in 2m 10s`, with LATE where it will be. */
function rootText(forecast: Forecast | null, nowMs: number): string {
  if (forecast === null) return '-';
  const when = forecast.rootAtMs === null ? 'never' : `in ${formatDuration(forecast.rootAtMs - nowMs)}`;
  return forecast.late === null ? when : `${when}, LATE`;
}

const REASON_CHARS_MAX = 60;

function endedRow(result: BlockView, nowMs: number): readonly string[] {
  const reason = result.error === null ? '' : oneLine(`[${result.error.code}] ${result.error.message}`);
  return [
    shortId(result.blockId),
    result.state,
    formatCount(result.jobs),
    formatDuration(endedAt(result) - result.submittedAtMs),
    ago(endedAt(result), nowMs),
    reason.length <= REASON_CHARS_MAX ? reason : `${reason.slice(0, REASON_CHARS_MAX)}…`,
  ];
}

/** One open block in detail. */
export function renderOpenBlock(status: BlockView, nowMs: number): string {
  const late = latenessText(status.forecast);
  return facts([
    ['block', status.blockId],
    ['state', status.state],
    ['content', contentText(status)],
    ['jobs', progressText(status)],
    ['owner', status.owner === null ? 'none yet' : oneLine(status.owner)],
    ['submitted', momentText(status.submittedAtMs, nowMs)],
    ...(status.deadlineAtMs === null ? [] : [['deadline', deadlineText(status.deadlineAtMs, nowMs)]]),
    ...(status.jobs === 0 ? [] : [['root', landingText(status, nowMs)]]),
    ...(late === null ? [] : [['LATE', late]]),
    ...(status.forecast?.demand ?? []).map((demand) => ['demand', demandText(demand)]),
  ]);
}

/** How a block ended, in detail. */
export function renderResult(result: BlockView, nowMs: number): string {
  const { error, failedJob, rootId, state } = result;
  if (!isEnded(state)) return renderOpenBlock(result, nowMs);
  const endedAtMs = endedAt(result);
  return facts([
    ['block', result.blockId],
    ['state', result.state],
    ['content', contentText(result)],
    ['jobs', formatCount(result.jobs)],
    ['submitted', momentText(result.submittedAtMs, nowMs)],
    ['ended', `${momentText(endedAtMs, nowMs)}, after ${formatDuration(endedAtMs - result.submittedAtMs)}`],
    ...(result.deadlineAtMs === null ? [] : [['deadline', missedText(endedAtMs - result.deadlineAtMs)]]),
    ...(rootId === null ? [] : [['root', rootId]]),
    ...(error === null ? [] : [['error', oneLine(`[${error.code}] ${error.message}`)]]),
    ...(error?.remedy === undefined ? [] : [['remedy', oneLine(error.remedy)]]),
    ...(failedJob === null ? [] : [['job', `${oneLine(failedJob)}: its inputs are kept for \`espalier replay\``]]),
    ['next', NEXT_STEPS[state](shortId(result.blockId))],
  ]);
}

const NEXT_STEPS: Readonly<Record<EndedState, (id: string) => string>> = {
  proven: (id) => `\`espalier proof ${id}\` fetches its root proof, \`espalier forget ${id}\` deletes it`,
  failed: (id) => `its finished proofs are kept for when it is submitted again; \`espalier forget ${id}\` deletes them`,
  cancelled: (id) =>
    `its finished proofs are kept for when it is submitted again; \`espalier forget ${id}\` deletes them`,
};

export function isEnded(state: BlockState): state is EndedState {
  return Object.hasOwn(NEXT_STEPS, state);
}

function endedAt({ endedAtMs, submittedAtMs }: BlockView): number {
  return endedAtMs ?? submittedAtMs;
}

/** How long after its deadline a block ended, or before it. */
function missedText(lateMs: number): string {
  return lateMs > 0 ? `missed by ${formatDuration(lateMs)}` : `kept, with ${formatDuration(-lateMs)} left`;
}

function deadlineText(deadlineAtMs: number, nowMs: number): string {
  if (deadlineAtMs < nowMs) return momentText(deadlineAtMs, nowMs);
  return `${new Date(deadlineAtMs).toISOString().slice(0, 19)}Z (in ${formatDuration(deadlineAtMs - nowMs)})`;
}

/** `12 of 47 proven, 3 running`. */
export function progressText({ jobs, done, running }: Pick<BlockView, 'jobs' | 'done' | 'running'>): string {
  if (jobs === 0) return 'not planned yet';
  return `${formatCount(done)} of ${formatCount(jobs)} proven, ${formatCount(running)} running`;
}

export function contentText({ transactions, calls }: Pick<BlockView, 'transactions' | 'calls'>): string {
  return `${formatPlural(transactions, 'transaction')}, ${formatPlural(calls, 'call')}`;
}

export function shortId(blockId: string): string {
  return blockId.slice(0, SHORT_ID_CHARS);
}

/** Of another machine's clock, which may be ahead of this one's. */
export function ago(atMs: number, nowMs: number): string {
  return `${formatDuration(Math.max(0, nowMs - atMs))} ago`;
}

function momentText(atMs: number, nowMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z (${ago(atMs, nowMs)})`;
}

function facts(rows: readonly (readonly string[])[]): string {
  return formatTable(rows);
}
