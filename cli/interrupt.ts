import { ERROR_CODES, EspalierError } from '../common/index.js';

/**
 * Signals that ask for an end. SIGUSR1 is the notice that this machine goes away (a spot instance): Node would open its
 * debugger's port on it, unless somebody listens.
 */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const;
export type SignalName = (typeof SIGNALS)[number];

/** What a command does about a signal that it took over; `quit`: the process ends at once. */
export type SignalHandler = (name: SignalName) => 'heard' | 'quit';

/** What `Interrupts` needs of `process`. */
export interface SignalSource {
  on(event: string, listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * The first signal aborts `signal`: the command stops its provers, keeps every finished proof and ends with `cancelled`.
 * The second ends the process at once. A command that has more to do at its end takes the signals over.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #source: SignalSource;
  readonly #say: (line: string) => void;
  #handler: SignalHandler | null = null;

  /** `say` gets one line a person can read. */
  constructor(source: SignalSource, say: (line: string) => void) {
    this.#source = source;
    this.#say = say;
    for (const name of SIGNALS) source.on(name, () => this.#onSignal(name));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on `handler` hears of signals, and nothing else happens; returns the way back. */
  takeOver(handler: SignalHandler): () => void {
    this.#handler = handler;
    return () => {
      if (this.#handler === handler) this.#handler = null;
    };
  }

  abort(reason: EspalierError): void {
    this.#controller.abort(reason);
  }

  #onSignal(name: SignalName): void {
    if (this.#handler !== null) {
      if (this.#handler(name) === 'quit') this.#exit();
    } else if (this.signal.aborted) {
      this.#exit();
    } else {
      this.#say(name === 'SIGINT' ? 'stopping; press Ctrl-C again to quit at once' : `stopping on ${name}`);
      this.abort(interruption(`stopped by ${name}`));
    }
  }

  #exit(): void {
    this.#source.exit(ERROR_CODES.cancelled.exitCode);
  }
}

/** Why a run was stopped from outside. */
export function interruption(message: string): EspalierError {
  return new EspalierError('cancelled', message, {
    remedy: 'finished proofs are kept, and the same command goes on from them',
  });
}
