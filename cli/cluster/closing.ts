/** Things to close, the last opened first, whether or not all of them could be opened. */
export class Closing {
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** Returns what is to be closed. */
  add<T>(opened: T, close: (opened: T) => Promise<unknown>): T {
    this.#closers.push(() => close(opened));
    return opened;
  }

  /** Closes all, and rejects with the first failure only after that. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) await close().catch((thrown) => failures.push(thrown));
    if (failures.length > 0) throw failures[0];
  }
}
