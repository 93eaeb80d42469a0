import { inspect, stripVTControlCharacters } from 'node:util';
import type { EspalierError } from '../common/index.js';

/** A longer line is cut here; `--debug` shows all of it. */
const LINE_CHARS_MAX = 2_000;

export interface ReportErrorOptions {
  /** Adds the stack and every cause with its own. */
  readonly debug: boolean;
}

/** An error as the command prints it, with its newline: `error[block-invalid]: <what>, <where>; <remedy>`. */
export function reportError(error: EspalierError, { debug }: ReportErrorOptions): string {
  const hint =
    error.code === 'internal' && error.remedy === undefined && !debug
      ? '; this is a fault in espalier: run again with --debug and report what it shows'
      : '';
  const line = `error[${error.code}]: ${oneLine(error.toLine())}${hint}\n`;
  if (!debug) return line;
  const detail = stripVTControlCharacters(inspect(error, { depth: 4, colors: false, maxStringLength: 100_000 }));
  return `${line}${detail}\n`;
}

/**
 * Text on one line and without control characters: messages quote files and programs that others wrote, which must
 * not get to move the cursor or colour the terminal.
 */
export function oneLine(text: string): string {
  const line = stripVTControlCharacters(text)
    .replace(/\s*[\r\n]+\s*/g, ' | ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed here.
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return line.length <= LINE_CHARS_MAX ? line : `${line.slice(0, LINE_CHARS_MAX)}… (--debug shows all)`;
}
