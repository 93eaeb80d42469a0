import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { TailBuffer } from './tail-buffer.js';

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a process ended. `startError` is set when it never ran. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly startError?: NodeJS.ErrnoException;
}

/**
 * Starts a program so that it does not outlive us, whatever ends us: a shell in its process group reads from a pipe that
 * only we hold and kills the group at its end. `exec` makes the program itself the leader, so that its pid, its exit and
 * its usage are seen as they are. (`bb msgpack run` asks for SIGTERM when its parent dies, `bb prove` for nothing.)
 */
const WITH_LIFELINE = '( read -r _ <&3; kill -KILL 0 ) & exec "$0" "$@" 3<&-';
/** What the shell exits with where it finds no such file (127) or may not execute it (126). */
export function isNotExecutable({ code }: ProcessExit): boolean {
  return code === 126 || code === 127;
}

const STDERR_CHARS_MAX = 16_384;
/** How long to wait for the pipes of a dead process to drain: a grandchild in a session of its own may hold them. */
const DRAIN_MS = 500;

/**
 * A child process with everything it starts, as one thing to end.
 *
 * It leads a process group and session of its own: killing the group reaches its children, and Ctrl-C in a terminal
 * reaches only us, who then decide. The group ends with us even where we are killed. stderr is kept, bounded, for its
 * last words; a program that cannot be executed is the shell's exit code 126 or 127, and its words.
 */
export class ChildGroup {
  /** Settled once the process is gone, its group killed and its pipes drained. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #stderr = new TailBuffer(STDERR_CHARS_MAX);
  #running = true;

  constructor({ command, args, env }: Launch) {
    this.#child = spawn('/bin/sh', ['-c', WITH_LIFELINE, command, ...args], {
      detached: true,
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    // A process that dies while it is written to breaks the pipe; its exit says so better than EPIPE.
    for (const stream of this.#child.stdio) stream?.on('error', () => {});
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#stderr.push(text));
    this.exited = this.#whenExited();
  }

  /** undefined where the process did not start. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#running;
  }

  get stdin(): Writable {
    return required(this.#child.stdin);
  }

  get stdout(): Readable {
    return required(this.#child.stdout);
  }

  lastWords(linesMax = 4): string {
    return this.#stderr.lastLines(linesMax);
  }

  /** Ends the whole group at once; resolves when its memory is free. Idempotent. */
  async kill(): Promise<void> {
    if (this.#running) this.#killGroup();
    await this.exited;
  }

  #whenExited(): Promise<ProcessExit> {
    return new Promise((resolve) => {
      this.#child.once('error', (startError) => {
        if (this.#child.pid !== undefined) return;
        this.#running = false;
        resolve({ code: null, signal: null, startError });
      });
      this.#child.once('exit', (code, signal) => {
        this.#running = false;
        this.#killGroup();
        const drained = setTimeout(() => {
          for (const stream of this.#child.stdio) stream?.destroy();
        }, DRAIN_MS);
        this.#child.once('close', () => {
          clearTimeout(drained);
          resolve({ code, signal });
        });
      });
    });
  }

  #killGroup(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // ESRCH: the group is gone already, or not there yet.
      this.#child.kill('SIGKILL');
    }
  }
}

function required<T>(stream: T | null): T {
  if (stream === null) throw new Error('the process was started without this pipe');
  return stream;
}
