import type { RunEvent } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { JsonLinesWriter } from './json-lines-writer.js';
import { type PriorTimes, TerminalDisplay } from './terminal-display.js';

/** Shows a run to whoever started it. */
export interface RunDisplay {
  onEvent(event: RunEvent): void;
  /** Ends the display; whatever is printed next starts on a line of its own. Idempotent. */
  stop(): void;
}

/**
 * The display for a run: progress that repaints itself where stdout is a terminal that can do so, one JSON line an event
 * anywhere else, with `--json`, and in CI (whose logs keep every repaint).
 */
export function createRunDisplay(
  context: CliContext,
  options: { readonly json: boolean; readonly priors?: PriorTimes },
): RunDisplay {
  const { stdout, env } = context;
  const canRepaint = stdout.isTTY === true && env['TERM'] !== 'dumb' && !isCi(env);
  if (options.json || !canRepaint) return new JsonLinesWriter(stdout);
  return new TerminalDisplay(context, { colour: !env['NO_COLOR'], unicode: isUtf8(env) }, options.priors);
}

function isCi(env: CliContext['env']): boolean {
  const value = env['CI'];
  return value !== undefined && value !== '' && value !== 'false' && value !== '0';
}

/** By the locale's character set, as POSIX orders its variables; other systems than POSIX ones have UTF-8. */
function isUtf8(env: CliContext['env']): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale === undefined || locale === '' ? process.platform !== 'linux' : /utf-?8/i.test(locale);
}
