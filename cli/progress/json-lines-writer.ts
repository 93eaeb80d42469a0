import type { RunEvent } from '../../proto/index.js';
import type { OutputStream } from '../context.js';
import type { RunDisplay } from './run-display.js';

/** One JSON object a line for each event, as it happens. */
export class JsonLinesWriter implements RunDisplay {
  readonly #stream: OutputStream;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  onEvent(event: RunEvent): void {
    this.#stream.write(`${JSON.stringify(event)}\n`);
  }

  stop(): void {}
}
