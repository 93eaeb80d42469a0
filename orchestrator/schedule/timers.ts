import type { JobId } from '../../proto/index.js';
import { at } from '../plan/at.js';

interface Timer {
  readonly atMs: number;
  readonly jobId: JobId;
}

/** Times at which jobs wake from backoff, the earliest last. Among equal times, first come is first served. */
export class Timers {
  readonly #timers: Timer[] = [];

  get earliestMs(): number | undefined {
    return this.#timers.at(-1)?.atMs;
  }

  add(atMs: number, jobId: JobId): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(this.#timers, middle).atMs > atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, { atMs, jobId });
  }

  /** Takes out what is due. */
  takeDue(nowMs: number): Timer[] {
    const due: Timer[] = [];
    for (let last = this.#timers.at(-1); last !== undefined && last.atMs <= nowMs; last = this.#timers.at(-1)) {
      due.push(last);
      this.#timers.pop();
    }
    return due;
  }

  clear(): void {
    this.#timers.length = 0;
  }
}
