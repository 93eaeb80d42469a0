import type { RunEvent } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { JsonLinesWriter } from './json-lines-writer.js';
import { type PriorTimes, TerminalDisplay } from './terminal-display.js';
import { canRepaint, terminalStyle } from './terminal-style.js';

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
  if (options.json || !canRepaint(context)) return new JsonLinesWriter(context.stdout);
  return new TerminalDisplay(context, terminalStyle(context), options.priors);
}
