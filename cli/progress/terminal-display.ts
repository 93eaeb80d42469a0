import type { CircuitName, RunEvent } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { ProgressModel } from './progress-model.js';
import type { ProgressView } from './progress-view.js';
import { renderNotice, renderProgress } from './render-progress.js';
import type { RunDisplay } from './run-display.js';
import { TerminalPainter } from './terminal-painter.js';
import type { TerminalStyle } from './terminal-style.js';

/** The terminal is repainted this often, however many events come. */
const REPAINT_INTERVAL_MS = 200;

/** Where a terminal does not tell its size. */
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

/** What earlier runs took on this machine, in milliseconds by circuit. */
export type PriorTimes = ReadonlyMap<CircuitName, number>;

/** Progress that repaints itself at the end of the terminal. Holds no process open, and gives the cursor back at exit. */
export class TerminalDisplay implements RunDisplay {
  readonly #context: Pick<CliContext, 'stdout' | 'clock' | 'aside'>;
  readonly #style: TerminalStyle;
  readonly #model: ProgressModel;
  readonly #painter: TerminalPainter;
  readonly #timer: NodeJS.Timeout;
  readonly #takeBackAside: () => void;
  readonly #closePainter = (): void => this.#painter.close();
  /** Lines to print above the frame at the next repaint. */
  #pending: string[] = [];
  #noticesShown = 0;
  #isStopped = false;

  constructor(context: Pick<CliContext, 'stdout' | 'clock' | 'aside'>, style: TerminalStyle, priors?: PriorTimes) {
    this.#context = context;
    this.#model = new ProgressModel(priors);
    this.#style = style;
    this.#painter = new TerminalPainter(context.stdout);
    this.#timer = setInterval(() => this.#repaint(), REPAINT_INTERVAL_MS).unref();
    this.#takeBackAside = context.aside.redirect((line) => void this.#pending.push(line));
    process.once('exit', this.#closePainter);
  }

  onEvent(event: RunEvent): void {
    if (!this.#isStopped) this.#model.apply(event);
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#repaint();
    this.#painter.close();
    this.#takeBackAside();
    process.removeListener('exit', this.#closePainter);
  }

  #repaint(): void {
    const { stdout, clock } = this.#context;
    const view = this.#model.view(clock.nowMs());
    // The last column stays free: some terminals wrap when it is written.
    const columns = Math.max(1, (stdout.columns || COLUMNS_DEFAULT) - 1);
    const lines = renderProgress(view, {
      columns,
      // The cursor stands on a row of its own below the frame.
      rows: Math.max(1, (stdout.rows || ROWS_DEFAULT) - 1),
      ...this.#style,
    });
    const stay = [...this.#takeNotices(view, columns), ...this.#pending];
    this.#pending = [];
    if (stay.length > 0) this.#painter.printAbove(stay, lines);
    else this.#painter.paint(lines);
  }

  /** What has not been said yet; where more came up than were kept, how many were left out. */
  #takeNotices({ notices, noticeCount }: ProgressView, columns: number): readonly string[] {
    const fresh = noticeCount - this.#noticesShown;
    this.#noticesShown = noticeCount;
    const shown = fresh === 0 ? [] : notices.slice(-fresh);
    const missed = fresh - shown.length;
    const lines = shown.flatMap((notice) => renderNotice(notice, columns, this.#style.colour));
    return missed > 0 ? [`(${missed} earlier notices left out)`, ...lines] : lines;
  }
}
