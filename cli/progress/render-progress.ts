import type { RunPhase } from '../../proto/index.js';
import { formatCount, formatDuration, formatPlural } from '../format.js';
import { oneLine } from '../report-error.js';
import { type BlockView, type Notice, type ProgressView, shortJobName } from './progress-view.js';
import { ASCII_BAR, type BarGlyphs, foldLevels, renderBar, renderLevels, UNICODE_BAR } from './render-levels.js';
import { flow, lineWidth, paintLine, type Segment, type StyledLine, segment } from './styled-line.js';

export interface RenderOptions {
  /** No line is longer. */
  readonly columns: number;
  /** No more lines than this. */
  readonly rows: number;
  readonly colour: boolean;
  /** Bars of block elements, else of ASCII. */
  readonly unicode: boolean;
}

/** Running jobs listed one by one where rows allow. */
const RUNNING_LINES_MAX = 6;

const PHASE_WORDS: Readonly<Record<RunPhase, string>> = {
  'client-proofs': 'checking client proofs',
  executing: 'executing transactions',
  proving: 'proving',
  verifying: 'verifying the root proof',
};

/** The frame that the terminal shows while a run goes on, and its last one: pure text, without cursor movements. */
export function renderProgress(view: ProgressView, options: RenderOptions): string[] {
  const { columns, rows, colour, unicode } = options;
  const glyphs = unicode ? UNICODE_BAR : ASCII_BAR;
  const head = [...renderBlock(view.block, columns), ...renderPhase(view, columns, glyphs)];
  const foot = renderFigures(view, columns);
  const running = renderRunning(view, columns);
  const levelRows = Math.max(1, rows - head.length - foot.length - Math.min(1, running.length));
  const levels = renderLevels(foldLevels(view.levels, levelRows), columns, glyphs);
  const runningRows = Math.max(0, rows - head.length - foot.length - levels.length);
  const lines = [...head, ...levels, ...foot, ...running.slice(0, runningRows)];
  return lines.slice(0, rows).map((line) => paintLine(line, columns, colour));
}

/** A notice, broken between words into lines of at most `columns`, to stand above the frame for good. */
export function renderNotice(notice: Notice, columns: number, colour: boolean): string[] {
  const isWarning = notice.kind === 'warning';
  const text = `${isWarning ? 'WARNING' : notice.kind}: ${oneLine(notice.text)}`;
  const lines = flow(
    text.split(' ').map((word) => [segment(word)]),
    columns,
    '',
    ' ',
  );
  return lines.map((line) => {
    const styled = segment(line.map((piece) => piece.text).join(''), isWarning ? 'alarm' : 'yellow');
    return paintLine([styled], Number.POSITIVE_INFINITY, colour);
  });
}

function renderBlock(block: BlockView | null, columns: number): StyledLine[] {
  if (block === null) return [];
  const { kind, version, srs } = block.prover;
  const pieces: StyledLine[] = [
    [segment(`block ${block.blockId.slice(0, 12)}`, 'bold')],
    [segment(`${formatPlural(block.transactions, 'transaction')}, ${formatPlural(block.calls, 'call')}`)],
    [segment(printable(srs === 'none' ? `${kind} prover` : `${kind} prover ${version}, ${srs} SRS`), 'dim')],
  ];
  return flow(pieces, columns, '', '   ');
}

/** While proving, the levels say more than the phase does. */
function renderPhase({ phase, outcome }: ProgressView, columns: number, glyphs: BarGlyphs): StyledLine[] {
  if (phase === null || phase.phase === 'proving' || outcome !== null) return [];
  const { done, total } = phase;
  const words = segment(`  ${PHASE_WORDS[phase.phase]}  `);
  if (total <= 1) return [[words]];
  const barColumns = Math.max(0, Math.min(24, columns - 40));
  const bar = renderBar({ jobs: total, done: Math.min(done, total), running: 0 }, barColumns, glyphs);
  return [[words, ...bar, segment(`  ${formatCount(done)}/${formatCount(total)}`)]];
}

function renderFigures(view: ProgressView, columns: number): StyledLine[] {
  if (view.block === null) return [];
  const earlier = view.alreadyProven > 0 ? `, ${formatCount(view.alreadyProven)} from an earlier run` : '';
  const pieces: StyledLine[] = [
    [segment(`${formatCount(view.done)} of ${formatPlural(view.jobs, 'proof')}`, 'bold'), segment(earlier)],
    ...(view.proofsPerMinute === null ? [] : [[segment(`${formatRate(view.proofsPerMinute)} a minute`)]]),
    ...(view.retries > 0 ? [[segment(`tried again: ${formatCount(view.retries)}`, 'yellow')]] : []),
    ...renderTimes(view),
  ];
  const { slowest } = view;
  const slowestLine = slowest
    ? [[segment('  slowest  ', 'dim'), segment(`${printable(shortJobName(slowest.jobId))}  `), seconds(slowest.wallMs)]]
    : [];
  return [...flow(pieces, columns, '  ', '   '), ...slowestLine];
}

function renderTimes({ outcome, elapsedMs, timeLeftMs, isEstimateMeasured }: ProgressView): StyledLine[] {
  if (outcome?.kind === 'proven') {
    if (outcome.proven === 0) return [[segment('nothing left to prove', 'green')]];
    return [
      [segment(`proven in ${formatDuration(outcome.makespanMs)}`, 'green')],
      [segment(`longest chain ${formatDuration(outcome.criticalPathMs)}`)],
    ];
  }
  const elapsed = segment(`${formatDuration(elapsedMs)} so far`);
  if (outcome?.kind === 'failed') {
    const verb = outcome.error.code === 'cancelled' ? 'stopped' : 'failed';
    const where = outcome.jobId === null ? '' : ` at ${printable(shortJobName(outcome.jobId))}`;
    return [[elapsed], [segment(verb + where, verb === 'failed' ? 'red' : 'yellow')]];
  }
  if (timeLeftMs === null) return [[elapsed]];
  const guess = isEstimateMeasured ? '' : ' (nothing measured yet)';
  return [[elapsed], [segment(`about ${formatDuration(timeLeftMs)} left${guess}`)]];
}

function renderRunning({ running, runningCount }: ProgressView, columns: number): StyledLine[] {
  return running.slice(0, RUNNING_LINES_MAX).map(({ jobId, elapsedMs, attempt, workerId }, index) => {
    const beyond = runningCount - RUNNING_LINES_MAX;
    const isLast = index === RUNNING_LINES_MAX - 1 && beyond > 0;
    const label = segment(index === 0 ? '  running  ' : '           ', 'dim');
    const line = [label, segment(`${printable(shortJobName(jobId))}  `), seconds(elapsedMs)];
    const extras = [
      segment(isLast ? `  and ${formatCount(beyond)} more` : '', 'dim'),
      segment(attempt > 1 ? `  attempt ${attempt}` : '', 'yellow'),
      segment(`  ${printable(workerId)}`, 'dim'),
    ];
    for (const extra of extras) {
      if (lineWidth([...line, extra]) <= columns) line.push(extra);
    }
    return line;
  });
}

function seconds(ms: number): Segment {
  return segment(formatDuration(ms), 'cyan');
}

function formatRate(perMinute: number): string {
  if (perMinute >= 10) return formatCount(perMinute);
  return perMinute.toFixed(perMinute >= 1 ? 1 : 2);
}

/** Names that come from outside, as characters that are one column wide each. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
