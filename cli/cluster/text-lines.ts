import type { OutputStream } from '../context.js';
import { paintLine, type Style, segment } from '../progress/styled-line.js';
import { oneLine } from '../report-error.js';
import type { LogLine, LogLines, LogTone } from './process-log.js';
import { redactSecrets } from './redact-secrets.js';

const STYLES: Readonly<Record<LogTone, Style>> = { plain: 'plain', good: 'green', warning: 'alarm', bad: 'red' };

/** Lines for a person: the time and a sentence. */
export class TextLines implements LogLines {
  readonly #stream: OutputStream;
  readonly #colour: boolean;

  constructor(stream: OutputStream, { colour }: { readonly colour: boolean }) {
    this.#stream = stream;
    this.#colour = colour;
  }

  write({ tone, text, atMs }: LogLine): void {
    if (text === null) return;
    // Seconds are enough to read by, and one zone for a whole fleet.
    const time = `${new Date(atMs).toISOString().slice(0, 19)}Z`;
    const line = paintLine(
      [segment(time, 'dim'), segment('  '), segment(redactSecrets(oneLine(text)), STYLES[tone])],
      Number.POSITIVE_INFINITY,
      this.#colour,
    );
    this.#stream.write(`${line}\n`);
  }
}
