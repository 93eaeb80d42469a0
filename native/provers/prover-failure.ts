import { EspalierError } from '../../common/index.js';
import { isNotExecutable, type ProcessExit } from './child-group.js';

const MEMORY_WORDS =
  /bad_alloc|cannot allocate memory|failed to map segment|out of memory|memory allocation of \d+ bytes failed/i;
const LOADER_WORDS = /GLIBC(XX)?_\d|error while loading shared libraries|cannot execute binary file|exec format error/i;
const MORE_MEMORY = 'give it more memory, or let fewer proofs run at once';
const DETAIL_CHARS_MAX = 600;

/** What is known of a process that ended before it answered. */
export interface ProcessDeath {
  /** What it was asked for, e.g. `proving public-vm`. */
  readonly doing: string;
  readonly command: string;
  readonly exit: ProcessExit;
  readonly lastWords: string;
  /** Whether the kernel ended some process for want of memory in the meantime. */
  readonly oomKilled: boolean;
}

/** A process that ended by itself, or that somebody else ended, while it was needed. */
export function processDied(death: ProcessDeath): EspalierError {
  const { exit, doing, command } = death;
  const how = exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
  const said = death.lastWords === '' ? 'it said nothing' : `its last words: ${oneLine(death.lastWords)}`;
  if (MEMORY_WORDS.test(death.lastWords) || (exit.signal === 'SIGKILL' && death.oomKilled)) {
    return new EspalierError('out-of-memory', `${command} ran out of memory while ${doing} (${how}); ${said}`, {
      remedy: MORE_MEMORY,
    });
  }
  if (exit.startError !== undefined || isNotExecutable(exit) || LOADER_WORDS.test(death.lastWords)) {
    return proverUnavailable(command, exit.startError?.message ?? death.lastWords);
  }
  return new EspalierError('prover-crashed', `${command} ${how} while ${doing}; ${said}`);
}

/** The prover answered, and the answer is no. */
export function proverRefused(doing: string, message: string): EspalierError {
  if (MEMORY_WORDS.test(message)) {
    return new EspalierError('out-of-memory', `out of memory while ${doing}: ${oneLine(message)}`, {
      remedy: MORE_MEMORY,
    });
  }
  return new EspalierError('prover-rejected', `the prover failed while ${doing}: ${oneLine(message)}`);
}

export function proverUnavailable(command: string, detail: string): EspalierError {
  return new EspalierError('prover-unavailable', `the prover ${command} does not start: ${oneLine(detail)}`, {
    remedy: 'run `espalier doctor`',
  });
}

export function cancelledWhile(doing: string): EspalierError {
  return new EspalierError('cancelled', `cancelled while ${doing}`);
}

export function proverStopped(doing: string): EspalierError {
  return new EspalierError('cancelled', `this prover was stopped: no more ${doing}`);
}

function oneLine(text: string): string {
  return text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' | ')
    .replaceAll(/\s+/g, ' ')
    .slice(0, DETAIL_CHARS_MAX);
}
