import { type HeapItem, IndexedHeap } from '../../common/index.js';

interface Action extends HeapItem {
  readonly atMs: number;
  /** Counts up from one action to the next. */
  readonly place: number;
  readonly run: () => void;
}

/** Time that passes only from one planned action to the next. Actions at the same time run in the order of planning. */
export class VirtualTime {
  nowMs = 0;
  readonly #actions = new IndexedHeap<Action>((a, b) => a.atMs - b.atMs || a.place - b.place);
  #planned = 0;

  /** When the next action is due; undefined when there is none. */
  get nextMs(): number | undefined {
    return this.#actions.peek()?.atMs;
  }

  after(delayMs: number, run: () => void): void {
    this.#actions.push({ atMs: this.nowMs + delayMs, place: this.#planned++, run, heapIndex: -1 });
  }

  /** Runs the next action; false when there is none. */
  step(): boolean {
    const action = this.#actions.peek();
    if (action === undefined) return false;
    this.#actions.remove(action);
    this.nowMs = action.atMs;
    action.run();
    return true;
  }
}
