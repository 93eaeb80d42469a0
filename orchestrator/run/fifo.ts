/** First in, first out, at no cost however many there are. */
export class Fifo<T> {
  #arriving: T[] = [];
  /** Reversed, so that the oldest is the last. */
  #leaving: T[] = [];

  get size(): number {
    return this.#arriving.length + this.#leaving.length;
  }

  put(item: T): void {
    this.#arriving.push(item);
  }

  take(): T | undefined {
    if (this.#leaving.length === 0) {
      this.#leaving = this.#arriving.reverse();
      this.#arriving = [];
    }
    return this.#leaving.pop();
  }
}
