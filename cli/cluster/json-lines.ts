import { type Logger, pino } from 'pino';
import type { OutputStream } from '../context.js';
import { oneLine } from '../report-error.js';
import type { LogLine, LogLines } from './process-log.js';
import { redactSecrets } from './redact-secrets.js';

/** Fields that are never printed, whatever is in them. */
const SECRET_FIELDS = ['token', 'password', 'authorization', 'privateKey', 'secretAccessKey'];
const CENSOR = '***';

/**
 * Lines for programs, one JSON object each: `severity`, `time` and `atMs` (both milliseconds since the epoch), `kind` and
 * what belongs to it, and as `msg` what a person would read. The level is called `severity` since events of blocks have a
 * `level` of the tree.
 */
export class JsonLines implements LogLines {
  readonly #log: Logger;

  constructor(stream: OutputStream) {
    this.#log = pino(
      {
        base: null,
        // Which lines are printed was decided before.
        level: 'debug',
        timestamp: false,
        formatters: { level: (label) => ({ severity: label }) },
        redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: CENSOR },
        hooks: { streamWrite: redactSecrets },
      },
      { write: (line) => void stream.write(line) },
    );
  }

  write({ level, text, facts, atMs }: LogLine): void {
    const fields = { time: atMs, atMs, ...facts };
    if (text === null) this.#log[level](fields);
    else this.#log[level](fields, '%s', oneLine(text));
  }
}
