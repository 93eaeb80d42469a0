import { ERROR_CODES, EspalierError } from '../common/index.js';

/** Signals that ask for an end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What `cancelOnSignals` needs of `process`. */
export interface SignalSource {
  on(event: string, listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * The first signal aborts the returned signal: the command stops its provers, keeps every finished proof and ends with
 * `cancelled`. The second ends the process at once. `say` gets one line a person can read.
 */
export function cancelOnSignals(source: SignalSource, say: (line: string) => void): AbortController {
  const controller = new AbortController();
  let signals = 0;
  for (const name of SIGNALS) {
    source.on(name, () => {
      signals += 1;
      if (signals > 1) return source.exit(ERROR_CODES.cancelled.exitCode);
      say(name === 'SIGINT' ? 'stopping; press Ctrl-C again to quit at once' : `stopping on ${name}`);
      controller.abort(interruption(`stopped by ${name}`));
    });
  }
  return controller;
}

/** Why a run was stopped from outside. */
export function interruption(message: string): EspalierError {
  return new EspalierError('cancelled', message, {
    remedy: 'finished proofs are kept, and the same command goes on from them',
  });
}
