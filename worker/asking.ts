import type { ResourceClass } from '../proto/index.js';
import type { Takeable } from './packing.js';

/** What to ask the queue for. */
export interface Request {
  /** May be empty: then there is nothing to ask for. */
  readonly classes: readonly ResourceClass[];
  /** Of those, the ones whose jobs would have to wait here. */
  readonly toWait: readonly ResourceClass[];
  /** When to stop asking and to look again what to ask for. */
  readonly untilMs: number;
}

/** So long a queue is asked for jobs that would wait: enough for its answer, and hardly a moment to snatch a new one in. */
const LOOK_MS = 100;
/** A full machine that found no job to be ready looks again after so long. */
const LOOK_PAUSE_MS = 2_000;

/**
 * When a worker asks for which class. Pure: it is told the time.
 *
 * A class whose jobs could begin at once is asked for all the time. A job of another class would wait here while some
 * other worker may be free for it. So such a class is only *looked for*, for a moment: that finds the jobs which have
 * been waiting in the queue, and those no free worker wants.
 *
 * - While nothing fits the machine, at once and then every `LOOK_PAUSE_MS`: what is found is made ready meanwhile.
 * - While something else fits, when the class was not asked for in `patienceMs`: the room is then kept for what is
 *   found. It would never come to be where small jobs always take what others leave.
 */
export class Asking {
  readonly #patienceMs: number;
  /** When each class was last asked for. */
  readonly #askedAtMs = new Map<ResourceClass, number>();
  #foundNoneAtMs = Number.NEGATIVE_INFINITY;
  /** When the present look ends; undefined while there is none. */
  #lookUntilMs: number | undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** What to ask for now. Asking in between changes nothing. */
  request(nowMs: number, { toBegin, toWait }: Takeable): Request {
    const due = toWait.filter((name) => nowMs >= this.#dueAtMs(nowMs, name, toBegin));
    if (due.length > 0) {
      this.#lookUntilMs ??= nowMs + LOOK_MS;
      return { classes: [...toBegin, ...due], toWait: due, untilMs: this.#lookUntilMs };
    }
    this.#lookUntilMs = undefined;
    const untilMs = Math.min(...toWait.map((name) => this.#dueAtMs(nowMs, name, toBegin)));
    return { classes: toBegin, toWait: [], untilMs };
  }

  /** The queue answered a request with a job, or was not asked any longer. */
  ended({ classes, toWait }: Request, found: boolean, nowMs: number): void {
    const looked = found || (this.#lookUntilMs !== undefined && nowMs >= this.#lookUntilMs);
    for (const name of classes) {
      // A look that was broken off has not been one.
      if (looked || !toWait.includes(name)) this.#askedAtMs.set(name, nowMs);
    }
    if (!looked) return;
    this.#lookUntilMs = undefined;
    if (!found && toWait.length > 0) this.#foundNoneAtMs = nowMs;
  }

  /** A job of this class was given back: others may have it first. */
  gaveBack(resourceClass: ResourceClass, nowMs: number): void {
    this.#askedAtMs.set(resourceClass, nowMs);
  }

  #dueAtMs(nowMs: number, name: ResourceClass, toBegin: readonly ResourceClass[]): number {
    if (toBegin.length === 0) return this.#foundNoneAtMs + LOOK_PAUSE_MS;
    const askedAtMs = this.#askedAtMs.get(name) ?? nowMs;
    this.#askedAtMs.set(name, askedAtMs);
    return askedAtMs + this.#patienceMs;
  }
}
