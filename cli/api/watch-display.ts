import type { WatchUpdate } from '../../client/index.js';
import type { BlockView } from '../../proto/index.js';
import { openTextLog, type ProcessLog } from '../cluster/process-log.js';
import type { CliContext } from '../context.js';
import { formatDuration } from '../format.js';
import { shortJobName } from '../progress/progress-view.js';
import { paintLine } from '../progress/styled-line.js';
import { TerminalPainter } from '../progress/terminal-painter.js';
import { canRepaint, type TerminalStyle, terminalStyle } from '../progress/terminal-style.js';
import { progressText, shortId } from './render-blocks.js';
import { isAllProven, landingText, latenessText } from './render-forecast.js';
import { watchFrame } from './watch-frame.js';

/** Shows one block to whoever watches it. */
export interface WatchDisplay {
  onUpdate(update: WatchUpdate): void;
  /** Ends the display; whatever is printed next starts on a line of its own. Idempotent. */
  stop(): void;
}

/** A frame that repaints itself where stdout is a terminal that can; JSON lines of events; else lines worth reading. */
export function createWatchDisplay(context: CliContext, json: boolean): WatchDisplay {
  if (json) return new JsonWatch(context);
  return canRepaint(context) ? new PaintedWatch(context) : new LoggedWatch(context);
}

class JsonWatch implements WatchDisplay {
  readonly #stdout: CliContext['stdout'];

  constructor({ stdout }: Pick<CliContext, 'stdout'>) {
    this.#stdout = stdout;
  }

  onUpdate({ event }: WatchUpdate): void {
    const { atMs, kind, ...rest } = event;
    this.#stdout.write(`${JSON.stringify({ atMs, kind, ...rest })}\n`);
  }

  stop(): void {}
}

const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;
/** Thousands of events a second are painted no more often; and without any, times on the screen go on. */
const PAINT_INTERVAL_MS = 200;

class PaintedWatch implements WatchDisplay {
  readonly #context: CliContext;
  readonly #style: TerminalStyle;
  readonly #painter: TerminalPainter;
  readonly #timer: NodeJS.Timeout;
  readonly #giveBack: () => void;
  readonly #close = (): void => this.stop();
  #block: BlockView | null = null;
  #notice: string | null = null;
  #paintedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: CliContext) {
    this.#context = context;
    this.#style = terminalStyle(context);
    this.#painter = new TerminalPainter(context.stdout);
    this.#timer = setInterval(() => this.#paint(), PAINT_INTERVAL_MS);
    this.#giveBack = context.aside.redirect((line) => {
      this.#notice = line;
      this.#paint();
    });
    process.once('exit', this.#close);
  }

  onUpdate({ block }: WatchUpdate): void {
    this.#block = block;
    this.#notice = null;
    if (this.#context.clock.monotonicMs() - this.#paintedAtMs >= PAINT_INTERVAL_MS) this.#paint();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#paint();
    this.#block = null;
    this.#giveBack();
    this.#painter.close();
    process.removeListener('exit', this.#close);
  }

  #paint(): void {
    if (this.#block === null) return;
    const { stdout, clock } = this.#context;
    this.#paintedAtMs = clock.monotonicMs();
    const columns = Math.max(1, (stdout.columns || COLUMNS_DEFAULT) - 1);
    const { unicode, colour } = this.#style;
    const options = { nowMs: clock.nowMs(), columns, rows: stdout.rows || ROWS_DEFAULT, unicode, notice: this.#notice };
    const frame = watchFrame(this.#block, options);
    this.#painter.paint(frame.map((line) => paintLine(line, columns, colour)));
  }
}

/** Lines about progress alone come no more often. */
const PROGRESS_INTERVAL_MS = 2_000;

class LoggedWatch implements WatchDisplay {
  readonly #log: ProcessLog;
  readonly #clock: CliContext['clock'];
  #state = '';
  #progress = '';
  #late: string | null = null;
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: CliContext) {
    this.#log = openTextLog(context);
    this.#clock = context.clock;
  }

  onUpdate({ event, block }: WatchUpdate): void {
    // How it ended is said at the end.
    if (block.endedAtMs !== null) return;
    const name = `block ${shortId(block.blockId)}`;
    if (event.kind === 'job-retried') {
      const { jobId, attempt, delayMs, error } = event;
      const why = `attempt ${attempt} ended with [${error.code}] ${error.message}`;
      this.#say('warning', `${name}: tries ${shortJobName(jobId)} again in ${formatDuration(delayMs)}: ${why}`);
    }
    if (event.kind === 'job-given-back') {
      this.#say(
        'plain',
        `${name}: ${event.workerId} gave ${shortJobName(event.jobId)} back, which waits for another worker`,
      );
    }
    this.#sayState(name, block);
    if (isAllProven(block)) return;
    const late = latenessText(block.forecast);
    const isLate = late !== null;
    if (isLate !== (this.#late !== null)) {
      this.#late = late;
      const nowMs = this.#clock.nowMs();
      const landing = `root ${landingText(block, nowMs)}`;
      if (isLate) this.#say('warning', `${name} will be late: ${late}; ${landing}`);
      else this.#say('good', `${name} will be in time: ${landing}`);
    }
  }

  stop(): void {}

  #sayState(name: string, block: BlockView): void {
    const state = JSON.stringify([block.state, block.owner]);
    const progress = JSON.stringify([block.done, block.running]);
    const nowMs = this.#clock.monotonicMs();
    const isDue = progress !== this.#progress && nowMs - this.#saidAtMs >= PROGRESS_INTERVAL_MS;
    if (state === this.#state && !isDue) return;
    this.#state = state;
    this.#progress = progress;
    this.#saidAtMs = nowMs;
    const owner = block.owner === null ? '' : ` by ${block.owner}`;
    const landing =
      block.forecast === null || isAllProven(block) ? '' : `; root ${landingText(block, this.#clock.nowMs())}`;
    this.#say('plain', `${name} ${block.state}${owner}: ${progressText(block)}${landing}`);
  }

  #say(tone: 'plain' | 'good' | 'warning', text: string): void {
    this.#log.write(tone, text, { kind: 'status' });
  }
}
