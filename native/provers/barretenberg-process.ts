import { Barretenberg } from '@aztec/bb.js';
import type { EspalierError } from '../../common/index.js';
import { ChildGroup, type Launch } from './child-group.js';
import { FrameDecoder, framePrefix } from './frame-decoder.js';
import { oomKills } from './process-usage.js';
import { cancelledWhile, processDied, proverRefused, proverUnavailable } from './prover-failure.js';

/** How long a process may take to answer its first, trivial call. `bb` takes 5 ms, the WASM host half a second. */
const START_TIMEOUT_MS = 20_000;

interface PendingCall {
  resolve(reply: Uint8Array): void;
  reject(error: unknown): void;
}

/**
 * One Barretenberg process, speaking msgpack in frames over stdin and stdout, behind bb.js's generated API. bb.js's own
 * backends hide the process, so that it can neither be measured nor ended for good; hence this one.
 *
 * *starting* until `ready` resolves, then usable by one caller at a time, then *dead*: killed, crashed, or given up
 * after a refused call, since a prover that threw in the middle of its work is not worth trusting when a new one takes
 * 5 ms.
 */
export class BarretenbergProcess {
  readonly #group: ChildGroup;
  readonly #command: string;
  readonly #api: Barretenberg;
  readonly #decoder = new FrameDecoder();
  /** Replies come in the order of the calls; each call ends with its reply or with the process. */
  readonly #pending: PendingCall[] = [];

  constructor(launch: Launch) {
    this.#command = launch.command;
    this.#group = new ChildGroup(launch);
    this.#api = new Barretenberg({ call: (message) => this.#call(message), destroy: () => this.kill() }, {});
    this.#group.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    void this.#group.exited.then(() => this.#rejectPending(new Error('the process is gone')));
  }

  /** undefined only where it did not start. */
  get pid(): number | undefined {
    return this.#group.pid;
  }

  get alive(): boolean {
    return this.#group.running;
  }

  /** Settled when the process is gone. Never rejects. */
  get exited(): Promise<unknown> {
    return this.#group.exited;
  }

  /**
   * Rejects with `prover-unavailable` when the program does not start or is no Barretenberg, with `cancelled`, or as
   * `use` does when somebody else killed it.
   */
  async ready(signal?: AbortSignal): Promise<void> {
    const doing = 'starting the prover';
    const oomKillsBefore = oomKills();
    let failure = '';
    const timeout = setTimeout(() => {
      failure = `no answer within ${START_TIMEOUT_MS / 1000} s`;
      void this.kill();
    }, START_TIMEOUT_MS);
    try {
      await this.#unlessAborted(this.#api.blake2s({ data: new Uint8Array(0) }), signal);
    } catch (error) {
      if (this.alive) failure = messageOf(error);
      await this.kill();
      if (signal?.aborted) throw cancelledWhile(doing);
      const { startError, code, signal: by } = await this.#group.exited;
      if (failure === '' && by === 'SIGKILL') throw await this.#death(doing, oomKillsBefore);
      failure ||= startError?.message ?? (by === null ? `exit code ${code}` : `ended by ${by}`);
      throw proverUnavailable(this.#command, `${failure} ${this.#group.lastWords()}`);
    } finally {
      clearTimeout(timeout);
    }
  }

  /**
   * Runs calls on the API. Whatever goes wrong, the process is gone when this rejects, with an `EspalierError`:
   * `cancelled`, `prover-crashed`, `out-of-memory` or `prover-rejected`. `doing` is for the message.
   */
  async use<T>(doing: string, work: (api: Barretenberg) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const oomKillsBefore = oomKills();
    try {
      return await this.#unlessAborted(work(this.#api), signal);
    } catch (error) {
      const died = !this.alive;
      await this.kill();
      if (signal?.aborted) throw cancelledWhile(doing);
      throw died ? await this.#death(doing, oomKillsBefore) : proverRefused(doing, messageOf(error));
    }
  }

  /** Ends the process and all it started; its memory is free when this resolves. Idempotent. */
  async kill(): Promise<void> {
    await this.#group.kill();
  }

  async #unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const abort = () => void this.kill();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const result = await work;
      // What it answered while it was being killed is not wanted any more.
      signal?.throwIfAborted();
      return result;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #call(message: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (!this.alive) return reject(new Error('the process is gone'));
      this.#pending.push({ resolve, reject });
      this.#group.stdin.write(framePrefix(message.length));
      this.#group.stdin.write(message);
    });
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#decoder.push(chunk)) this.#pending.shift()?.resolve(message);
    } catch (error) {
      this.#rejectPending(error);
    }
  }

  #rejectPending(error: unknown): void {
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }

  async #death(doing: string, oomKillsBefore: number | null): Promise<EspalierError> {
    const exit = await this.#group.exited;
    const oomKilled = oomKillsBefore !== null && (oomKills() ?? 0) > oomKillsBefore;
    return processDied({ doing, command: this.#command, exit, lastWords: this.#group.lastWords(), oomKilled });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
