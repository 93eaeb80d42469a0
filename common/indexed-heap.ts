/** What an `IndexedHeap` holds: an item that carries its own place, so that it can be taken out of the middle. */
export interface HeapItem {
  /** Owned by the heap: the place in it, -1 while the item is in none. */
  heapIndex: number;
}

/** Each item has four below it: half as many levels as with two, and so half as many items that are in no cache. */
const FANOUT_BITS = 2;

/**
 * A heap whose items can be removed from anywhere in O(log n), so that a cancelled block of hundreds of
 * thousands of jobs leaves nothing behind. An item is in one heap at a time.
 */
export class IndexedHeap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const index = item.heapIndex;
    if (this.#items[index] !== item) throw new Error(`the item is not in this heap (index ${index})`);
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (last === undefined || last === item) return;
    const above = this.#rise(last, index);
    this.#sink(last, above);
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }

  /** Places an item here or above. Returns where. */
  #rise(item: T, from: number): number {
    let index = from;
    while (index > 0) {
      const parent = this.#items[(index - 1) >> FANOUT_BITS] as T;
      if (this.#compare(parent, item) <= 0) break;
      this.#place(parent, index);
      index = (index - 1) >> FANOUT_BITS;
    }
    this.#place(item, index);
    return index;
  }

  /** Places an item here or below. */
  #sink(item: T, from: number): void {
    let index = from;
    for (;;) {
      const first = (index << FANOUT_BITS) + 1;
      const end = Math.min(first + (1 << FANOUT_BITS), this.#items.length);
      let least = item;
      let leastIndex = index;
      for (let child = first; child < end; child++) {
        const candidate = this.#items[child] as T;
        if (this.#compare(candidate, least) >= 0) continue;
        least = candidate;
        leastIndex = child;
      }
      if (leastIndex === index) break;
      this.#place(least, index);
      index = leastIndex;
    }
    this.#place(item, index);
  }
}
