import { runCli } from '../../cli/run-cli.js';
import { CapturedStream, captureContext } from '../../cli/testing/test-context.js';
import type { RunEvent } from '../../proto/index.js';

export interface CommandRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON lines of stdout. */
  readonly events: readonly RunEvent[];
}

export interface CommandOptions {
  readonly cwd: string;
  /** Added to a home and a cache in `cwd`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called as each event is printed. */
  readonly onEvent?: (event: RunEvent) => void;
  /** Aborted by what stands for Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** One command line, run in this process with nothing of the user's home or cache in reach. */
export async function runCommand(args: readonly string[], options: CommandOptions): Promise<CommandRun> {
  const stream = new EventStream(options.onEvent ?? (() => undefined));
  const { context, stderr } = captureContext({
    stdout: stream,
    cwd: options.cwd,
    env: { HOME: options.cwd, ESPALIER_CACHE: `${options.cwd}/cache`, ...options.env },
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const exitCode = await runCli(args, context);
  return { exitCode, stdout: stream.text, stderr: stderr(), events: stream.events };
}

class EventStream extends CapturedStream {
  readonly events: RunEvent[] = [];
  readonly #onEvent: (event: RunEvent) => void;

  constructor(onEvent: (event: RunEvent) => void) {
    super();
    this.#onEvent = onEvent;
  }

  override write(text: string): boolean {
    if (text.startsWith('{"atMs"')) {
      const event = JSON.parse(text) as RunEvent;
      this.events.push(event);
      this.#onEvent(event);
    }
    return super.write(text);
  }
}
