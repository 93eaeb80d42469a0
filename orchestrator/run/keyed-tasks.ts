import { Fifo } from './fifo.js';

interface Task {
  readonly key: string;
  /** undefined: it was forgotten. */
  run: (() => Promise<void>) | undefined;
  /** Somebody waits for it, so it is never forgotten. */
  readonly isMark: boolean;
}

/**
 * Work in the background, `atOnceMax` tasks at a time. What concerns one key is done one after another, in the order in
 * which it was asked for: a blob that is deleted and then written again is there in the end.
 */
export class KeyedTasks {
  readonly #atOnceMax: number;
  readonly #onError: (thrown: unknown) => void;
  /** For each key that has any: its tasks, of which the first is due or under way. */
  #lines = new Map<string, Task[]>();
  readonly #due = new Fifo<Task>();
  #running = 0;
  #onIdle: (() => void)[] = [];

  constructor(atOnceMax: number, onError: (thrown: unknown) => void) {
    this.#atOnceMax = atOnceMax;
    this.#onError = onError;
  }

  add(key: string, run: () => Promise<void>): void {
    this.#add({ key, run, isMark: false });
  }

  /** Leaves undone what concerns such keys and has not begun. */
  forget(matches: (key: string) => boolean): void {
    for (const [key, line] of this.#lines) {
      if (!matches(key)) continue;
      for (const task of line) if (!task.isMark) task.run = undefined;
    }
  }

  /** Resolves when everything is done that was asked for by now and concerns such keys. */
  async settled(matches: (key: string) => boolean): Promise<void> {
    const keys = [...this.#lines.keys()].filter(matches);
    await Promise.all(
      keys.map((key) => new Promise<void>((done) => this.#add({ key, run: async () => done(), isMark: true }))),
    );
  }

  /** Resolves when there is nothing to do. */
  async idle(): Promise<void> {
    if (this.#lines.size === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  #add(task: Task): void {
    const line = this.#lines.get(task.key);
    if (line !== undefined) {
      line.push(task);
      return;
    }
    this.#lines.set(task.key, [task]);
    this.#due.put(task);
    this.#begin();
  }

  #begin(): void {
    while (this.#running < this.#atOnceMax) {
      const task = this.#due.take();
      if (task === undefined) return;
      this.#running += 1;
      void this.#run(task);
    }
  }

  async #run(task: Task): Promise<void> {
    try {
      await task.run?.();
    } catch (thrown) {
      this.#onError(thrown);
    }
    this.#running -= 1;
    const line = this.#lines.get(task.key) ?? [];
    line.shift();
    const [next] = line;
    if (next !== undefined) this.#due.put(next);
    else this.#lines.delete(task.key);
    this.#begin();
    if (this.#lines.size > 0) return;
    // See `CommandBuffer.clear`: a table that shrinks leads to the next one, too.
    this.#lines = new Map();
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
