import type { Clock } from '../../common/index.js';
import type { CliContext, OutputStream } from '../context.js';
import { paintLine, type Style, segment } from '../progress/styled-line.js';
import { terminalStyle } from '../progress/terminal-style.js';
import { oneLine } from '../report-error.js';

/** How a line stands out. */
export type LogTone = 'plain' | 'good' | 'warning' | 'bad';

/** What happened, for a program: `kind` and what belongs to it. */
export type LogFacts = { readonly kind: string } & Readonly<Record<string, unknown>>;

export interface ProcessLogOptions {
  /** One JSON object a line instead of text. */
  readonly json: boolean;
  readonly colour: boolean;
  readonly clock: Clock;
}

/** The same trouble is not said again so soon: each of a process's connections tells of it. */
const TROUBLE_INTERVAL_MS = 5_000;
/** Different troubles remembered for that. */
const TROUBLES_MAX = 100;

const STYLES: Readonly<Record<LogTone, Style>> = { plain: 'plain', good: 'green', warning: 'alarm', bad: 'red' };

/** The log of a command, to stdout. */
export function openProcessLog(context: CliContext, { json = false }: { readonly json?: boolean }): ProcessLog {
  const { stdout, clock } = context;
  return new ProcessLog(stdout, { json, colour: terminalStyle(context).colour, clock });
}

/** The log of a process that runs for long: a line for each thing that happens, for a person or for a program. */
export class ProcessLog {
  readonly #stream: OutputStream;
  readonly #options: ProcessLogOptions;
  readonly #troubles = new Map<string, number>();

  constructor(stream: OutputStream, options: ProcessLogOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** `text` may hold anything: it is printed on one line. null: only a program wants to know. */
  write(tone: LogTone, text: string | null, facts: LogFacts): void {
    const { json, colour, clock } = this.#options;
    const atMs = clock.nowMs();
    if (json) {
      this.#stream.write(`${JSON.stringify({ atMs, ...facts })}\n`);
      return;
    }
    if (text === null) return;
    // Seconds are enough to read by, and one zone for a whole fleet.
    const time = `${new Date(atMs).toISOString().slice(0, 19)}Z`;
    const line = paintLine(
      [segment(time, 'dim'), segment('  '), segment(oneLine(text), STYLES[tone])],
      Number.POSITIVE_INFINITY,
      colour,
    );
    this.#stream.write(`${line}\n`);
  }

  /** What everybody should know of this process, such as that its proofs can be forged. */
  warn(code: string, message: string): void {
    this.write('warning', `WARNING: ${message}`, { kind: 'warning', code, message });
  }

  /** What goes wrong and is being waited for, and that it is over. */
  readonly trouble = (message: string): void => {
    const nowMs = this.#options.clock.monotonicMs();
    const saidAtMs = this.#troubles.get(message);
    if (saidAtMs !== undefined && nowMs - saidAtMs < TROUBLE_INTERVAL_MS) return;
    if (this.#troubles.size >= TROUBLES_MAX) this.#troubles.clear();
    this.#troubles.set(message, nowMs);
    this.write('warning', message, { kind: 'trouble', message });
  };
}
