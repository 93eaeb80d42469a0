import { cancelledWhile, proverStopped } from './prover-failure.js';

/** What the pool needs to know of a process. */
export interface PooledProcess {
  readonly alive: boolean;
  /** Settled when the process is gone. Never rejects. */
  readonly exited: Promise<unknown>;
  /** Idempotent. */
  kill(): Promise<void>;
}

export interface ProcessPoolOptions<Need, P extends PooledProcess> {
  create(need: Need): P;
  /** Makes a new process usable. */
  prepare(process: P, need: Need, signal: AbortSignal | undefined): Promise<void>;
  /** Whether a process created for one need serves another. */
  serves(created: Need, need: Need): boolean;
  /** Whether a process that has done its work is worth keeping. */
  keeps(process: P): boolean;
  /** Processes that may be lent at once; further callers wait their turn. */
  lentMax: number;
  /** Processes kept warm while nobody needs them; the one longest idle goes first. */
  idleMax: number;
}

interface Waiter {
  /** Hands a slot over. */
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Processes that are lent to one caller at a time, and kept warm between. A process is *lent* from `use` until its work
 * is done, then *idle*, then *gone*: by the bound on idle processes, by a failure, by its own death, or by `stop`.
 */
export class ProcessPool<Need, P extends PooledProcess> {
  readonly #options: ProcessPoolOptions<Need, P>;
  /** Every process that is not gone. */
  readonly #live = new Set<P>();
  /** Longest idle first. */
  #idle: { readonly process: P; readonly need: Need }[] = [];
  #freeSlots: number;
  /** Callers that wait for a slot, first come first served. Empty while there are free slots. */
  #waiters: Waiter[] = [];
  #stopped = false;

  constructor(options: ProcessPoolOptions<Need, P>) {
    this.#options = options;
    this.#freeSlots = options.lentMax;
  }

  /**
   * Lends a process to `work`; one whose work failed is ended. Rejects with what `work` rejects with, or with
   * `cancelled` when the signal aborts before it starts, or after `stop`. `doing` is for the message.
   */
  async use<T>(need: Need, doing: string, work: (process: P) => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#takeSlot(doing, signal);
    try {
      // `stop` may have come between: what is started now it would not see.
      if (this.#stopped) throw proverStopped(doing);
      const warm = this.#takeIdle(need);
      const process = warm ?? this.#create(need);
      try {
        if (warm === undefined) await this.#options.prepare(process, need, signal);
        const result = await work(process);
        this.#keepWarm(process, need);
        return result;
      } catch (error) {
        await process.kill();
        throw error;
      }
    } catch (error) {
      throw this.#stopped ? proverStopped(doing) : error;
    } finally {
      this.#giveSlot();
    }
  }

  /** Ends every process, lent ones too, and resolves when they are gone. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(proverStopped('waiting for a prover'));
    await Promise.all([...this.#live].map((process) => process.kill()));
  }

  async #takeSlot(doing: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#stopped) throw proverStopped(doing);
    if (signal?.aborted) throw cancelledWhile(doing);
    if (this.#freeSlots > 0) this.#freeSlots -= 1;
    else await this.#waitForSlot(doing, signal);
  }

  #waitForSlot(doing: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(cancelledWhile(doing));
      };
      const settle = (act: () => void) => {
        signal?.removeEventListener('abort', leave);
        act();
      };
      const waiter: Waiter = {
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiters.push(waiter);
    });
  }

  #giveSlot(): void {
    const next = this.#waiters.shift();
    if (next === undefined) this.#freeSlots += 1;
    else next.resolve();
  }

  #takeIdle(need: Need): P | undefined {
    const warm = this.#idle.findLast(({ process, need: created }) => {
      return process.alive && this.#options.serves(created, need);
    });
    this.#idle = this.#idle.filter((idle) => idle !== warm);
    return warm?.process;
  }

  #create(need: Need): P {
    const process = this.#options.create(need);
    this.#live.add(process);
    void process.exited.then(() => {
      this.#live.delete(process);
      this.#idle = this.#idle.filter((idle) => idle.process !== process);
    });
    return process;
  }

  #keepWarm(process: P, need: Need): void {
    if (!process.alive) return;
    this.#idle.push({ process, need });
    if (!this.#options.keeps(process)) void this.#idle.pop()?.process.kill();
    else if (this.#idle.length > this.#options.idleMax) void this.#idle.shift()?.process.kill();
  }
}
