import type { Clock } from '../common/index.js';
import type { Aside } from './aside.js';
import type { SignalHandler } from './interrupt.js';

/** Where text goes: what the command needs of `process.stdout` and `process.stderr`, so that tests can stand in. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Size of the terminal; absent or 0 where there is none or it cannot be told. */
  readonly columns?: number;
  readonly rows?: number;
}

/** Everything a command may take from the process it runs in. Made once, in `main.ts`. */
export interface CliContext {
  /** Results: text that is asked for, progress, one JSON line an event. */
  readonly stdout: OutputStream;
  /** Errors. */
  readonly stderr: OutputStream;
  /** What is said aside, which must not tear a display. */
  readonly aside: Aside;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** Aborted at the first Ctrl-C (or SIGTERM, SIGHUP, SIGUSR1, or when nobody reads stdout any more): stop, and lose nothing. */
  readonly signal: AbortSignal;
  /** For a command that does more at its end: `handler` hears of every signal, and `signal` of none. Returns the way back. */
  takeOverSignals(handler: SignalHandler): () => void;
}
