interface Waiting<Item, Reply> {
  readonly item: Item;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

/**
 * Gathers what is asked for in one turn of the event loop into one call: the many small things that a burst of replies
 * sets off cost one command. Calls go out in the order in which their items came; none waits for another's reply.
 */
export class Batch<Item, Reply> {
  readonly #send: (items: readonly Item[]) => Promise<readonly Reply[]>;
  readonly #weightMax: number;
  readonly #weigh: (item: Item) => number;
  #waiting: Waiting<Item, Reply>[] = [];

  /** `send` answers for each item, in order. A call carries at most `weightMax`, or one item. */
  constructor(
    weightMax: number,
    weigh: (item: Item) => number,
    send: (items: readonly Item[]) => Promise<readonly Reply[]>,
  ) {
    this.#weightMax = weightMax;
    this.#weigh = weigh;
    this.#send = send;
  }

  /** Rejects with whatever the call that carried it rejects with. */
  add(item: Item): Promise<Reply> {
    return new Promise((resolve, reject) => {
      // After all promises that can go on have gone on: whoever they wake joins in.
      if (this.#waiting.length === 0) process.nextTick(() => this.#flush());
      this.#waiting.push({ item, resolve, reject });
    });
  }

  #flush(): void {
    const all = this.#waiting;
    this.#waiting = [];
    let first = 0;
    let weight = 0;
    all.forEach(({ item }, index) => {
      const added = this.#weigh(item);
      if (index > first && weight + added > this.#weightMax) {
        this.#call(all.slice(first, index));
        first = index;
        weight = 0;
      }
      weight += added;
    });
    this.#call(all.slice(first));
  }

  #call(some: readonly Waiting<Item, Reply>[]): void {
    this.#send(some.map(({ item }) => item)).then(
      (replies) => {
        some.forEach(({ resolve }, index) => {
          resolve(replies[index] as Reply);
        });
      },
      (error) => {
        for (const { reject } of some) reject(error);
      },
    );
  }
}
