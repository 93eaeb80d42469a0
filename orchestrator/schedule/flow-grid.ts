/** Never beyond the end: `at`, which checks that, is slow where all kinds of lists meet. */
const value = (values: Float64Array, i: number) => values[i] as number;

/** Points after now at which a flow is known; between them it is linear. So few are off by a percent or two. */
const CELLS = { fine: 192, coarse: 64 };
/** How much denser the points are now than at the horizon, as the exponent of a power of e. */
const DENSITY = 6;

/** What a class may take until each point: milliseconds of its own slots, and of the machines that several share. */
export interface FreeTime {
  readonly own: Float64Array;
  /** As a share of all these machines. */
  readonly shared: Float64Array;
  /** How many jobs of the class all these machines could prove at once. */
  readonly sharedSlots: number;
}

/** Milliseconds of slots, until each point: what a group got, and what it could have got. */
export interface Served {
  readonly served: Float64Array;
  readonly offered: Float64Array;
}

export interface Outflow {
  readonly arrivals: Float64Array;
  readonly served: Float64Array;
  readonly workMs: number;
  readonly durationMs: number;
  readonly runningMs: Float64Array;
  readonly endMs: number;
  readonly left: number;
}

/** Slots that are not there yet. */
export interface ComingSlots {
  readonly slots: number;
  readonly inMs: number;
}

/** Amounts over time, from now to a horizon: close points at first, where it matters, and wider ones later. */
export class FlowGrid {
  readonly points: number;
  readonly #cells: number;
  readonly #timesMs: Float64Array;
  readonly #scaleMs: number;

  constructor(horizonMs: number, detail: 'fine' | 'coarse') {
    this.#cells = CELLS[detail];
    this.points = this.#cells + 1;
    this.#timesMs = new Float64Array(this.points);
    this.#scaleMs = horizonMs / Math.expm1(DENSITY);
    for (let i = 0; i <= this.#cells; i++) this.#timesMs[i] = this.#scaleMs * Math.expm1((DENSITY * i) / this.#cells);
  }

  valueAt(values: Float64Array, timeMs: number): number {
    if (timeMs <= 0) return value(values, 0);
    const place = (Math.log1p(timeMs / this.#scaleMs) * this.#cells) / DENSITY;
    const cell = Math.floor(place);
    if (cell >= this.#cells) return value(values, this.#cells);
    const [fromMs, toMs] = [value(this.#timesMs, cell), value(this.#timesMs, cell + 1)];
    const part = Math.min(1, Math.max(0, (timeMs - fromMs) / (toMs - fromMs)));
    return value(values, cell) + part * (value(values, cell + 1) - value(values, cell));
  }

  /** How many milliseconds running jobs take until each point. `runningMs`: what is left of them, the shortest first. */
  takenBy(runningMs: Float64Array): Float64Array {
    const taken = new Float64Array(this.points);
    let ended = 0;
    let endedMs = 0;
    for (let i = 1; i <= this.#cells; i++) {
      const timeMs = value(this.#timesMs, i);
      while (ended < runningMs.length && value(runningMs, ended) <= timeMs) endedMs += value(runningMs, ended++);
      taken[i] = endedMs + (runningMs.length - ended) * timeMs;
    }
    return taken;
  }

  /** What `slots` and those that are `coming` give until each point, less what is taken; what is given stays given. */
  freeOf(slots: number, taken: Float64Array, coming: readonly ComingSlots[] = []): Float64Array {
    const free = new Float64Array(this.points);
    for (let i = 1; i <= this.#cells; i++) {
      const timeMs = value(this.#timesMs, i);
      let givenMs = slots * timeMs;
      for (const { slots: more, inMs } of coming) givenMs += more * Math.max(0, timeMs - inMs);
      free[i] = Math.max(value(free, i - 1), givenMs - value(taken, i));
    }
    return free;
  }

  /** The most slots that are in use at once until `untilMs`. `used`: milliseconds of slots until each point. */
  peakUse(used: Float64Array, untilMs: number): number {
    let peak = 0;
    for (let i = 1; i <= this.#cells && value(this.#timesMs, i - 1) < untilMs; i++) {
      const spanMs = value(this.#timesMs, i) - value(this.#timesMs, i - 1);
      peak = Math.max(peak, (value(used, i) - value(used, i - 1)) / spanMs);
    }
    return peak;
  }

  /** Lowers shares to that which is done of some groups together. `left`: jobs of all of them. */
  limit(shares: Float64Array, done: readonly Float64Array[], left: number): void {
    const [only] = done;
    for (let i = 0; i <= this.#cells; i++) {
      let sum = 0;
      if (done.length === 1 && only !== undefined) sum = value(only, i);
      else for (const one of done) sum += value(one, i);
      if (sum < value(shares, i) * left) shares[i] = sum / left;
    }
  }

  /** Takes from `own`, then from `shared`, what the jobs that have arrived need, `workMs` each. */
  serve({ own, shared, sharedSlots }: FreeTime, arrivals: Float64Array, workMs: number): Served {
    const served = new Float64Array(this.points);
    const offered = new Float64Array(this.points);
    let [sum, takenOwn, takenShared] = [0, 0, 0];
    let [ownBefore, sharedBefore] = [value(own, 0), value(shared, 0)];
    for (let i = 1; i <= this.#cells; i++) {
      const ownMs = value(own, i) - ownBefore;
      const sharedMs = (value(shared, i) - sharedBefore) * sharedSlots;
      ownBefore = value(own, i);
      sharedBefore = value(shared, i);
      offered[i] = value(offered, i - 1) + ownMs + sharedMs;
      const taken = Math.max(0, Math.min(value(arrivals, i) * workMs - sum, ownMs + sharedMs));
      sum += taken;
      takenOwn += Math.min(taken, ownMs);
      if (taken > ownMs && sharedSlots > 0) takenShared += (taken - ownMs) / sharedSlots;
      served[i] = sum;
      own[i] = ownBefore - takenOwn;
      shared[i] = sharedBefore - takenShared;
    }
    return { served, offered };
  }

  /**
   * When `totalMs` of work is done, of which some was served by `afterMs`, from when on all of it can be. Infinite where
   * `slots`, which there are behind the horizon, are none.
   */
  whenServed({ served, offered }: Served, afterMs: number, totalMs: number, slots: number): number {
    if (!Number.isFinite(afterMs)) return Number.POSITIVE_INFINITY;
    const backlogMs = totalMs - this.valueAt(served, afterMs);
    if (backlogMs <= totalMs * 1e-9) return afterMs;
    const target = this.valueAt(offered, afterMs) + backlogMs;
    let low = 0;
    let high = this.points;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (middle <= this.#cells && value(offered, middle) < target) low = middle + 1;
      else high = middle;
    }
    if (low > this.#cells) {
      const beyondMs = target - value(offered, this.#cells);
      return slots > 0 ? value(this.#timesMs, this.#cells) + beyondMs / slots : Number.POSITIVE_INFINITY;
    }
    const [fromMs, toMs] = [value(this.#timesMs, low - 1), value(this.#timesMs, low)];
    const [from, to] = [value(offered, low - 1), value(offered, low)];
    return Math.max(afterMs, fromMs + ((target - from) / (to - from)) * (toMs - fromMs));
  }

  /** How many jobs of a group are done by each point: no job is before its time has passed since it arrived. */
  doneOf({ arrivals, served, workMs, durationMs, runningMs, endMs, left }: Outflow): Float64Array {
    const done = new Float64Array(this.points).fill(left);
    let ended = 0;
    // The cell in which the jobs arrived that can be done by now.
    let cell = 0;
    for (let i = 0; i <= this.#cells; i++) {
      const timeMs = value(this.#timesMs, i);
      if (timeMs >= endMs) break;
      while (ended < runningMs.length && value(runningMs, ended) <= timeMs) ended++;
      const arrivedMs = timeMs - durationMs;
      let begun = 0;
      if (arrivedMs >= 0) {
        while (value(this.#timesMs, cell + 1) < arrivedMs) cell++;
        const [fromMs, from] = [value(this.#timesMs, cell), value(arrivals, cell)];
        const part = (arrivedMs - fromMs) / (value(this.#timesMs, cell + 1) - fromMs);
        begun = from + part * (value(arrivals, cell + 1) - from);
      }
      done[i] = ended + (workMs > 0 ? Math.min(begun, value(served, i) / workMs) : begun);
    }
    return done;
  }
}
