import { Pacer } from '../redis/pacer.js';

/** Tells listeners of this process that something has changed; changes that come together are told once. */
export class LocalFeed {
  readonly #listeners = new Set<() => void>();
  readonly #pacer: Pacer;

  constructor(intervalMs: number) {
    this.#pacer = new Pacer({
      intervalMs,
      run: () => {
        for (const listener of this.#listeners) listener();
      },
    });
  }

  /** A new listener hears at once. */
  listen(listener: () => void): () => void {
    // Wrapped, so that one function added twice is two listeners.
    const own = () => listener();
    this.#listeners.add(own);
    queueMicrotask(() => this.tell());
    return () => this.#listeners.delete(own);
  }

  tell(): void {
    this.#pacer.ask();
  }

  close(): void {
    this.#listeners.clear();
    void this.#pacer.close();
  }
}
