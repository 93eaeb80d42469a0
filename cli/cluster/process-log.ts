import type { Clock } from '../../common/index.js';
import type { CliContext } from '../context.js';
import { terminalStyle } from '../progress/terminal-style.js';
import { TextLines } from './text-lines.js';

/** How a line stands out. */
export type LogTone = 'plain' | 'good' | 'warning' | 'bad';

/**
 * How much a line matters, the most urgent first:
 *
 * - *error*: something was given up, such as a block, and somebody has to look;
 * - *warn*: something went wrong that is dealt with, or that an operator should know of;
 * - *info*: what happens;
 * - *debug*: what helps to find a fault in Espalier or in what it talks to.
 */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What happened, for a program: `kind` and what belongs to it. */
export type LogFacts = { readonly kind: string } & Readonly<Record<string, unknown>>;

export interface LogLine {
  readonly level: LogLevel;
  readonly tone: LogTone;
  /** null: only a program wants to know. */
  readonly text: string | null;
  readonly facts: LogFacts;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** What prints lines, in one form or another. Nothing secret gets past it (`redactSecrets`). */
export interface LogLines {
  write(line: LogLine): void;
}

export interface ProcessLogOptions {
  readonly clock: Clock;
  /** Lines that matter less are left out. Default `info`. */
  readonly level?: LogLevel | undefined;
}

/** The same trouble is not said again so soon: each of a process's connections tells of it. */
const TROUBLE_INTERVAL_MS = 5_000;
/** Different troubles remembered for that. */
const TROUBLES_MAX = 100;

/** The log of a command, to stdout. What JSON lines are made with is loaded for them alone. */
export async function openProcessLog(
  context: CliContext,
  { json = false, logLevel }: { readonly json?: boolean; readonly logLevel?: LogLevel },
): Promise<ProcessLog> {
  if (!json) return openTextLog(context, logLevel);
  const { JsonLines } = await import('./json-lines.js');
  return new ProcessLog(new JsonLines(context.stdout), { clock: context.clock, level: logLevel });
}

/** The same for people. */
export function openTextLog(context: CliContext, level?: LogLevel): ProcessLog {
  const { stdout, clock } = context;
  return new ProcessLog(new TextLines(stdout, terminalStyle(context)), { clock, level });
}

/** The log of a process that runs for long: a line for each thing that happens, for a person or for a program. */
export class ProcessLog {
  readonly #lines: LogLines;
  readonly #clock: Clock;
  readonly #level: LogLevel;
  readonly #troubles = new Map<string, number>();

  constructor(lines: LogLines, { clock, level = 'info' }: ProcessLogOptions) {
    this.#lines = lines;
    this.#clock = clock;
    this.#level = level;
  }

  /** `text` may hold anything: it is printed on one line. null: only a program wants to know. */
  write(tone: LogTone, text: string | null, facts: LogFacts): void {
    this.#write(levelOf(tone, text), tone, text, facts);
  }

  /** What everybody should know of this process, such as that its proofs can be forged. */
  warn(code: string, message: string): void {
    this.write('warning', `WARNING: ${message}`, { kind: 'warning', code, message });
  }

  /** What helps to find a fault. */
  debug(text: string, facts: LogFacts): void {
    this.#write('debug', 'plain', text, facts);
  }

  /** What goes wrong and is being waited for, and that it is over. */
  readonly trouble = (message: string): void => {
    const nowMs = this.#clock.monotonicMs();
    const saidAtMs = this.#troubles.get(message);
    if (saidAtMs !== undefined && nowMs - saidAtMs < TROUBLE_INTERVAL_MS) return;
    if (this.#troubles.size >= TROUBLES_MAX) this.#troubles.clear();
    this.#troubles.set(message, nowMs);
    this.write('warning', message, { kind: 'trouble', message });
  };

  #write(level: LogLevel, tone: LogTone, text: string | null, facts: LogFacts): void {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(this.#level)) return;
    this.#lines.write({ level, tone, text, facts, atMs: this.#clock.nowMs() });
  }
}

/** What no person wants to read is nothing to warn of. */
function levelOf(tone: LogTone, text: string | null): LogLevel {
  if (text === null || tone === 'plain' || tone === 'good') return 'info';
  return tone === 'bad' ? 'error' : 'warn';
}
