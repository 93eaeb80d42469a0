import { type BlockResult, type BlockStatus, type EndedState, RESOURCE_CLASSES } from '../../proto/index.js';
import type { QueueCounts } from '../../queue/index.js';
import { formatCount, formatDuration, formatPlural, formatTable } from '../format.js';
import { oneLine } from '../report-error.js';

/** Digits of a block id that are shown in tables: enough to name it by. */
export const SHORT_ID_CHARS = 12;

/** What `espalier status` shows of a whole cluster. */
export interface ClusterView {
  /** The oldest first. */
  readonly open: readonly BlockStatus[];
  readonly queue: QueueCounts;
  /** The latest first. */
  readonly ended: readonly BlockResult[];
}

/** Open blocks, what of them is in the queue, and what became of the latest ones that ended. */
export function renderCluster({ open, queue, ended }: ClusterView, nowMs: number): string {
  const openText =
    open.length === 0
      ? 'no block is open\n'
      : formatTable(
          open.map((status) => openRow(status, nowMs)),
          { header: ['block', 'state', 'proven', 'running', 'submitted', 'owner'], align: OPEN_ALIGN },
        );
  const jobs = queueRows(queue);
  const queueText =
    jobs.length === 0 ? [] : [formatTable(jobs, { header: ['queue', 'waiting', 'leased'], align: QUEUE_ALIGN })];
  const endedText =
    ended.length === 0
      ? []
      : [
          formatTable(
            ended.map((result) => endedRow(result, nowMs)),
            { header: ['ended', 'as', 'jobs', 'took', 'when', ''], align: ENDED_ALIGN },
          ),
        ];
  return [openText, ...queueText, ...endedText].join('\n');
}

const OPEN_ALIGN = ['left', 'left', 'right', 'right', 'left', 'left'] as const;
const QUEUE_ALIGN = ['left', 'right', 'right'] as const;
const ENDED_ALIGN = ['left', 'left', 'right', 'left', 'left', 'left'] as const;

function openRow(status: BlockStatus, nowMs: number): readonly string[] {
  return [
    shortId(status.blockId),
    status.state,
    status.jobs === 0 ? '-' : `${formatCount(status.done)}/${formatCount(status.jobs)}`,
    formatCount(status.running),
    ago(status.submittedAtMs, nowMs),
    status.owner === null ? '-' : oneLine(status.owner),
  ];
}

/** Classes of which there are jobs. */
function queueRows(queue: QueueCounts): readonly (readonly string[])[] {
  return RESOURCE_CLASSES.filter((name) => queue[name].waiting + queue[name].leased > 0).map((name) => [
    name,
    formatCount(queue[name].waiting),
    formatCount(queue[name].leased),
  ]);
}

const REASON_CHARS_MAX = 60;

function endedRow(result: BlockResult, nowMs: number): readonly string[] {
  const reason = result.error === null ? '' : oneLine(`[${result.error.code}] ${result.error.message}`);
  return [
    shortId(result.blockId),
    result.state,
    formatCount(result.jobs),
    formatDuration(result.endedAtMs - result.submittedAtMs),
    ago(result.endedAtMs, nowMs),
    reason.length <= REASON_CHARS_MAX ? reason : `${reason.slice(0, REASON_CHARS_MAX)}…`,
  ];
}

/** One open block in detail. */
export function renderOpenBlock(status: BlockStatus, nowMs: number): string {
  return facts([
    ['block', status.blockId],
    ['state', status.state],
    ['content', contentText(status)],
    ['jobs', progressText(status)],
    ['owner', status.owner === null ? 'none yet' : oneLine(status.owner)],
    ['submitted', momentText(status.submittedAtMs, nowMs)],
  ]);
}

/** How a block ended, in detail. */
export function renderResult(result: BlockResult, nowMs: number): string {
  const { error, failedJob, rootId } = result;
  return facts([
    ['block', result.blockId],
    ['state', result.state],
    ['content', contentText(result)],
    ['jobs', formatCount(result.jobs)],
    ['submitted', momentText(result.submittedAtMs, nowMs)],
    [
      'ended',
      `${momentText(result.endedAtMs, nowMs)}, after ${formatDuration(result.endedAtMs - result.submittedAtMs)}`,
    ],
    ...(rootId === null ? [] : [['root', rootId]]),
    ...(error === null ? [] : [['error', oneLine(`[${error.code}] ${error.message}`)]]),
    ...(error?.remedy === undefined ? [] : [['remedy', oneLine(error.remedy)]]),
    ...(failedJob === null ? [] : [['job', `${oneLine(failedJob)}: its inputs are kept for \`espalier replay\``]]),
    ['next', NEXT_STEPS[result.state](shortId(result.blockId))],
  ]);
}

const NEXT_STEPS: Readonly<Record<EndedState, (id: string) => string>> = {
  proven: (id) => `\`espalier proof ${id}\` fetches its root proof, \`espalier forget ${id}\` deletes it`,
  failed: (id) => `its finished proofs are kept for when it is submitted again; \`espalier forget ${id}\` deletes them`,
  cancelled: (id) =>
    `its finished proofs are kept for when it is submitted again; \`espalier forget ${id}\` deletes them`,
};

/** `12 of 47 proven, 3 running`. */
export function progressText({ jobs, done, running }: Pick<BlockStatus, 'jobs' | 'done' | 'running'>): string {
  if (jobs === 0) return 'not planned yet';
  return `${formatCount(done)} of ${formatCount(jobs)} proven, ${formatCount(running)} running`;
}

export function contentText({ transactions, calls }: Pick<BlockStatus, 'transactions' | 'calls'>): string {
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
