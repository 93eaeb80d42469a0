import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../common/index.js';

const root = packageRoot(import.meta.url);

/** Compiles a part, since fixtures run the compiled code. Call it in `beforeAll`. */
export function buildPart(part: string): void {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', part], { cwd: root });
}

/** A program of `tests/fixtures/` in a process of its own, which is killed when the test is over. */
export class Fixture {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;

  constructor(name: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [join(root, 'tests/fixtures', name), ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    onTestFinished(() => this.kill());
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** The next line it prints; undefined when it has ended. */
  async line(): Promise<string | undefined> {
    const { done, value } = await this.#lines.next();
    return done ? undefined : value;
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends it with SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Waits for it to end by itself: its exit code. */
  async exitCode(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }
}
