import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A line that a program printed as JSON. */
export type LoggedEvent = Readonly<Record<string, unknown>> & { readonly kind: string; readonly atMs: number };

interface Waiting {
  readonly matches: (event: LoggedEvent) => boolean;
  readonly resolve: (event: LoggedEvent) => void;
  readonly reject: (error: Error) => void;
}

/** A run that is broken off, by a time limit or Ctrl-C, leaves none of them behind. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process under test: what it printed, and ways to end it badly. */
export class Program {
  readonly name: string;
  /** What of `espalier` it is. */
  readonly command: string;
  readonly events: LoggedEvent[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<Waiting>();
  readonly #onEvent: (event: LoggedEvent) => void;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  #output = '';

  constructor(
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    onEvent: (event: LoggedEvent) => void = () => {},
  ) {
    this.name = name;
    this.command = args[1] ?? '';
    this.#onEvent = onEvent;
    this.#child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) throw new Error('a pipe is missing');
      createInterface({ input: stream }).on('line', (line) => this.#onLine(line));
    }
    running.add(this.#child);
    this.exited = once(this.#child, 'exit').then(([code, signal]) => {
      running.delete(this.#child);
      for (const { reject } of this.#waiting) reject(new Error(`${name} ended (${code ?? signal}):\n${this.#output}`));
      return { code, signal };
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All that it printed, for a message. */
  get output(): string {
    return this.#output;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first event, printed already or to come, that matches. Rejects when the process ends without. */
  until(matches: (event: LoggedEvent) => boolean): Promise<LoggedEvent> {
    const found = this.events.find(matches);
    return found === undefined ? this.next(matches) : Promise.resolve(found);
  }

  /** The first event to come that matches. Rejects when the process ends without. */
  next(matches: (event: LoggedEvent) => boolean): Promise<LoggedEvent> {
    return new Promise((resolve, reject) => {
      if (!this.running) reject(new Error(`${this.name} has ended:\n${this.#output}`));
      this.#waiting.add({ matches, resolve, reject });
    });
  }

  /** SIGKILL, and gone when this resolves. Fine for one that has ended. */
  async end(): Promise<void> {
    // A stopped process dies of nothing else.
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #onLine(line: string): void {
    this.#output += `${line}\n`;
    if (!line.startsWith('{"')) return;
    const event = JSON.parse(line) as LoggedEvent;
    this.events.push(event);
    this.#onEvent(event);
    for (const waiting of this.#waiting) {
      if (!waiting.matches(event)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve(event);
    }
  }
}

/** The first of these programs that has printed, or will print, an event of this kind, which of them does being open. */
export function firstToPrint(
  programs: readonly Program[],
  kind: string,
): Promise<{ readonly program: Program; readonly event: LoggedEvent }> {
  return Promise.any(
    programs.map(async (program) => ({ program, event: await program.until((event) => event.kind === kind) })),
  );
}
