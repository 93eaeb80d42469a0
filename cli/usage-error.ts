import type { CommanderError } from 'commander';
import { EspalierError } from '../common/index.js';

/** Thrown to end a command that has already said all there is to say, such as `--help`. */
export class CliExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit with code ${exitCode}`);
    this.name = 'CliExit';
    this.exitCode = exitCode;
  }
}

/**
 * What commander says of a command line, as an `EspalierError` of code `usage`. `path` is the command it was said by
 * (`espalier srs fetch`); commander's own guess at a misspelt word becomes the remedy.
 */
export function usageError(error: CommanderError, path: string): EspalierError {
  const text = error.message.replace(/^error: /, '').trim();
  const guess = /^(?<what>.*)\n\(Did you mean (?<words>.+)\?\)$/s.exec(text)?.groups;
  const help = `see \`${path} --help\``;
  if (guess?.['what'] && guess['words']) {
    const words = guess['words'].replace(/^one of /, '');
    return new EspalierError('usage', guess['what'], {
      remedy: `did you mean ${words}? Otherwise ${help}`,
      cause: error,
    });
  }
  return new EspalierError('usage', text.replace(/\.$/, ''), { remedy: help, cause: error });
}
