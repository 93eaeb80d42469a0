/** Time that passes only from one planned action to the next. Actions at the same time run in the order of planning. */
export class VirtualTime {
  nowMs = 0;
  readonly #actions: { readonly atMs: number; readonly run: () => void }[] = [];

  after(delayMs: number, run: () => void): void {
    const atMs = this.nowMs + delayMs;
    let low = 0;
    let high = this.#actions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      // The earliest stands last, so that taking it is cheap.
      if ((this.#actions[middle]?.atMs ?? 0) > atMs) low = middle + 1;
      else high = middle;
    }
    this.#actions.splice(low, 0, { atMs, run });
  }

  /** Runs the next action; false when there is none. */
  step(): boolean {
    const action = this.#actions.pop();
    if (action === undefined) return false;
    this.nowMs = action.atMs;
    action.run();
    return true;
  }
}
