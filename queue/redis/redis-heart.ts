import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EspalierError, packageRoot, settledWithin } from '../../common/index.js';
import { type Heart, LEAVE_WITHIN_MS, type Look } from './heart.js';
import type { HeartCommand, HeartMessage, HeartThreadData } from './heart-thread.js';
import { NAMESPACE_DEFAULT } from './redis-keys.js';

export interface RedisHeartOptions {
  /** `redis://host:6379`. */
  readonly url: string;
  readonly namespace?: string | undefined;
  /** The heart stops while the main thread has not come to its event loop for so long. */
  readonly hungAfterMs?: number | undefined;
  readonly onTrouble?: ((message: string) => void) | undefined;
}

const HUNG_AFTER_MS = 60_000;
const TICK_INTERVAL_MS = 500;

/**
 * The heart of a process: its thread runs the compiled `dist/queue/redis/heart-thread.js`, also where this file runs as
 * TypeScript. While Redis is away the thread keeps trying, and `add` and `remove` wait. Should the thread itself fail,
 * the process ends with an uncaught error: without a heart everybody else takes it for dead.
 */
export class RedisHeart implements Heart {
  readonly #thread: Worker;
  readonly #ticking: NodeJS.Timeout;
  readonly #turns: Int32Array;
  #heard = { turns: 0, atMs: performance.now() };
  readonly #calls = new Map<number, { resolve(): void; reject(error: EspalierError): void }>();
  readonly #listeners = new Set<(sessionId: string) => void>();
  readonly #onTrouble: ((message: string) => void) | undefined;
  #lastCall = 0;
  #lastWatch = 0;
  #closing: Promise<void> | undefined;

  /** Rejects as `connectRedis` does. */
  static async start(options: RedisHeartOptions): Promise<RedisHeart> {
    const { url, namespace = NAMESPACE_DEFAULT, hungAfterMs = HUNG_AFTER_MS, onTrouble } = options;
    const counter = () => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const [ticks, turns] = [counter(), counter()];
    const data: HeartThreadData = { url, namespace, ticks, turns, hungAfterMs };
    const file = join(packageRoot(import.meta.url), 'dist', 'queue', 'redis', 'heart-thread.js');
    const thread = new Worker(file, { name: 'heart', workerData: data });
    const [first] = (await once(thread, 'message')) as [HeartMessage];
    if (first.kind === 'failed') {
      await thread.terminate();
      throw EspalierError.fromSerialized(first.error);
    }
    return new RedisHeart(thread, { ticks, turns }, onTrouble);
  }

  private constructor(
    thread: Worker,
    { ticks, turns }: Pick<HeartThreadData, 'ticks' | 'turns'>,
    onTrouble: RedisHeartOptions['onTrouble'],
  ) {
    this.#thread = thread;
    this.#turns = turns;
    this.#onTrouble = onTrouble;
    this.#ticking = setInterval(() => {
      Atomics.add(ticks, 0, 1);
      this.#listen();
    }, TICK_INTERVAL_MS);
    this.#ticking.unref();
    thread.on('message', (message: HeartMessage) => this.#hear(message));
  }

  /** Milliseconds since its thread last came round to a beat, whether or not Redis took it. */
  get silentMs(): number {
    this.#listen();
    return performance.now() - this.#heard.atMs;
  }

  add(sessionId: string): Promise<void> {
    return this.#call({ kind: 'add', sessionId });
  }

  remove(sessionId: string): Promise<void> {
    return this.#call({ kind: 'remove', sessionId });
  }

  onLapse(listener: (sessionId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watch(look: Look): () => void {
    const watch = ++this.#lastWatch;
    this.#tell({ kind: 'watch', watch, look });
    return () => this.#tell({ kind: 'unwatch', watch });
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  #listen(): void {
    const turns = Atomics.load(this.#turns, 0);
    if (turns !== this.#heard.turns) this.#heard = { turns, atMs: performance.now() };
  }

  async #end(): Promise<void> {
    clearInterval(this.#ticking);
    await settledWithin(this.#send({ kind: 'close' }), LEAVE_WITHIN_MS);
    await this.#thread.terminate();
    for (const { reject } of this.#calls.values()) reject(closedError());
    this.#calls.clear();
  }

  #call(command: { kind: 'add' | 'remove'; sessionId: string }): Promise<void> {
    return this.#closing === undefined ? this.#send(command) : Promise.reject(closedError());
  }

  #send(command: { kind: 'add' | 'remove'; sessionId: string } | { kind: 'close' }): Promise<void> {
    const call = ++this.#lastCall;
    this.#tell({ ...command, call });
    return new Promise((resolve, reject) => this.#calls.set(call, { resolve, reject }));
  }

  #tell(command: HeartCommand): void {
    this.#thread.postMessage(command);
  }

  #hear(message: HeartMessage): void {
    if (message.kind === 'lapse') {
      for (const listener of this.#listeners) listener(message.sessionId);
    } else if (message.kind === 'trouble') {
      this.#onTrouble?.(message.message);
    } else if (message.kind === 'answer') {
      const call = this.#calls.get(message.call);
      this.#calls.delete(message.call);
      if (message.error === undefined) call?.resolve();
      else call?.reject(EspalierError.fromSerialized(message.error));
    }
  }
}

function closedError(): EspalierError {
  return new EspalierError('cancelled', 'the heart is closed');
}
