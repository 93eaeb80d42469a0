import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../common/index.js';
import type { AnswerMessage, CallMessage } from './serve-calls.js';

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A compiled program of this folder, or of one that its path leads to, in a process of its own, which does what it is asked
 * to: see `serveCalls`.
 */
export class BenchProcess {
  readonly #program: string;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;

  constructor(program: string) {
    this.#program = program;
    this.#child = fork(join(packageRoot(import.meta.url), 'dist', 'benchmarks', 'queue', program));
    this.#child.on('message', (message: AnswerMessage) => this.#settle(message));
    this.#child.once('exit', (code, signal) => this.#end(`${program} ended (${signal ?? code})`));
  }

  /** Rejects with what the program threw, or when it ends instead of answering. */
  call<T>(name: string, argument?: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const message: CallMessage = { id: this.#nextId++, name, argument };
      this.#pending.set(message.id, { resolve, reject });
      this.#child.send(message, (error) => error !== null && reject(error));
    });
  }

  async stop(): Promise<void> {
    if (!this.#child.connected) return;
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    await exit;
  }

  #settle(message: AnswerMessage): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ('error' in message) pending?.reject(new Error(`${this.#program}: ${message.error}`));
    else pending?.resolve(message.result as never);
  }

  #end(reason: string): void {
    for (const { reject } of this.#pending.values()) reject(new Error(reason));
    this.#pending.clear();
  }
}
