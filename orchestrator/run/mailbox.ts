import { Fifo } from './fifo.js';

/** Messages from callbacks to the one loop that handles them, in order. */
export class Mailbox<T> {
  readonly #messages = new Fifo<T>();
  #wake: (() => void) | undefined;

  put(message: T): void {
    this.#messages.put(message);
    this.#wake?.();
  }

  /** The oldest message; undefined when there is none. */
  take(): T | undefined {
    return this.#messages.take();
  }

  /** The oldest message; waits for one. */
  async next(): Promise<T> {
    for (;;) {
      const message = this.#messages.take();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
