/** What an `IndexedHeap` holds: an item that carries its own place, so that it can be taken out of the middle. */
export interface HeapItem {
  /** Owned by the heap: the place in it, -1 while the item is in none. */
  heapIndex: number;
}

/**
 * A binary heap whose items can be removed from anywhere in O(log n), so that a cancelled block of hundreds of
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
    item.heapIndex = this.#items.length;
    this.#items.push(item);
    this.#rise(item);
  }

  remove(item: T): void {
    const index = item.heapIndex;
    if (this.#items[index] !== item) throw new Error(`the item is not in this heap (index ${index})`);
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (last === undefined || last === item) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }

  #rise(item: T): void {
    while (item.heapIndex > 0) {
      const index = item.heapIndex;
      const parent = this.#items[(index - 1) >> 1];
      if (parent === undefined || this.#compare(parent, item) <= 0) return;
      this.#place(item, parent.heapIndex);
      this.#place(parent, index);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const index = item.heapIndex;
      const left = this.#items[2 * index + 1];
      const right = this.#items[2 * index + 2];
      if (left === undefined) return;
      const child = right !== undefined && this.#compare(right, left) < 0 ? right : left;
      if (this.#compare(item, child) <= 0) return;
      this.#place(item, child.heapIndex);
      this.#place(child, index);
    }
  }
}
