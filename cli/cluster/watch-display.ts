import type { BlockStatus } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { formatCount } from '../format.js';
import { ASCII_BAR, renderBar, UNICODE_BAR } from '../progress/render-levels.js';
import { paintLine, type StyledLine, segment } from '../progress/styled-line.js';
import { TerminalPainter } from '../progress/terminal-painter.js';
import { canRepaint, type TerminalStyle, terminalStyle } from '../progress/terminal-style.js';
import { oneLine } from '../report-error.js';
import { openProcessLog, type ProcessLog } from './process-log.js';
import { progressText, shortId } from './render-blocks.js';

/** Shows one block of a cluster to whoever waits for it. */
export interface WatchDisplay {
  onStatus(status: BlockStatus): void;
  /** Ends the display; whatever is printed next starts on a line of its own. Idempotent. */
  stop(): void;
}

/** A line that repaints itself where stdout is a terminal that can; elsewhere one for each change worth saying. */
export function createWatchDisplay(context: CliContext, json: boolean): WatchDisplay {
  if (!json && canRepaint(context)) return new PaintedWatch(context);
  return new LoggedWatch(openProcessLog(context, { json }), context);
}

const COLUMNS_DEFAULT = 80;
const BAR_COLUMNS = 32;

class PaintedWatch implements WatchDisplay {
  readonly #stdout: CliContext['stdout'];
  readonly #style: TerminalStyle;
  readonly #painter: TerminalPainter;
  readonly #close = (): void => this.stop();

  constructor(context: CliContext) {
    this.#stdout = context.stdout;
    this.#style = terminalStyle(context);
    this.#painter = new TerminalPainter(context.stdout);
    process.once('exit', this.#close);
  }

  onStatus(status: BlockStatus): void {
    const columns = Math.max(1, (this.#stdout.columns || COLUMNS_DEFAULT) - 1);
    this.#painter.paint([paintLine(this.#line(status), columns, this.#style.colour)]);
  }

  stop(): void {
    this.#painter.close();
    process.removeListener('exit', this.#close);
  }

  #line(status: BlockStatus): StyledLine {
    const head = [segment(shortId(status.blockId), 'bold'), segment(`  ${status.state}`)];
    if (status.jobs === 0) return head;
    const owner = status.owner === null ? '' : `  ${oneLine(status.owner)}`;
    return [
      ...head,
      segment('  '),
      ...renderBar(status, BAR_COLUMNS, this.#style.unicode ? UNICODE_BAR : ASCII_BAR),
      segment(`  ${formatCount(status.done)}/${formatCount(status.jobs)}  ${formatCount(status.running)} running`),
      segment(owner, 'dim'),
    ];
  }
}

/** Lines about progress alone come no more often. */
const PROGRESS_INTERVAL_MS = 2_000;

class LoggedWatch implements WatchDisplay {
  readonly #log: ProcessLog;
  readonly #clock: CliContext['clock'];
  #state = '';
  #progress = '';
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: ProcessLog, { clock }: Pick<CliContext, 'clock'>) {
    this.#log = log;
    this.#clock = clock;
  }

  onStatus(status: BlockStatus): void {
    const state = JSON.stringify([status.state, status.owner]);
    const progress = JSON.stringify([status.done, status.running]);
    const nowMs = this.#clock.monotonicMs();
    const isDue = progress !== this.#progress && nowMs - this.#saidAtMs >= PROGRESS_INTERVAL_MS;
    if (state === this.#state && !isDue) return;
    this.#state = state;
    this.#progress = progress;
    this.#saidAtMs = nowMs;
    const owner = status.owner === null ? '' : ` by ${status.owner}`;
    const text = `block ${shortId(status.blockId)} ${status.state}${owner}: ${progressText(status)}`;
    this.#log.write('plain', text, { kind: 'status', ...status });
  }

  stop(): void {}
}
