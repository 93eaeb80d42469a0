/** Messages from callbacks to the one loop that handles them, in order. */
export class Mailbox<T> {
  #arriving: T[] = [];
  /** Reversed, so that taking the oldest costs nothing however many there are. */
  #leaving: T[] = [];
  #wake: (() => void) | undefined;

  put(message: T): void {
    this.#arriving.push(message);
    this.#wake?.();
  }

  /** The oldest message; waits for one. */
  async next(): Promise<T> {
    for (;;) {
      if (this.#leaving.length === 0) {
        this.#leaving = this.#arriving.reverse();
        this.#arriving = [];
      }
      const message = this.#leaving.pop();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
