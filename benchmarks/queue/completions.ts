import type { Completed } from './worker-notes.js';

interface Wait {
  readonly count: number;
  readonly resolve: (completed: Completed) => void;
}

/** What a worker has completed, and who waits for it to be so many. */
export class Completions {
  #completed: Completed = { count: 0, lastMs: 0 };
  #waits: readonly Wait[] = [];

  /** One more, acknowledged to the worker at `atMs`. */
  add(atMs: number): void {
    this.#completed = { count: this.#completed.count + 1, lastMs: atMs };
    if (this.#waits.length > 0) this.#settle();
  }

  /** Resolves when there are so many: at once where there are already. */
  reached(count: number): Promise<Completed> {
    return new Promise((resolve) => {
      this.#waits = [...this.#waits, { count, resolve }];
      this.#settle();
    });
  }

  /** Counts anew. Whoever waits still gets what there was. */
  reset(): void {
    for (const { resolve } of this.#waits) resolve(this.#completed);
    this.#waits = [];
    this.#completed = { count: 0, lastMs: 0 };
  }

  #settle(): void {
    const completed = this.#completed;
    const isDue = ({ count }: Wait) => completed.count >= count;
    for (const { resolve } of this.#waits.filter(isDue)) resolve(completed);
    this.#waits = this.#waits.filter((wait) => !isDue(wait));
  }
}
