import { setImmediate as turn } from 'node:timers/promises';
import {
  BYTES_PER_GIB,
  fits,
  type MachineResources,
  type Profile,
  type ResourceClass,
  requirementOf,
  type Share,
  shareOf,
} from '../../proto/index.js';
import type { Request } from '../../worker/asking.js';
import { freeOf } from '../../worker/packing.js';
import { type Grant, Slots, type SlotsOptions } from '../../worker/slots.js';

export interface SimulatedJob {
  readonly resourceClass: ResourceClass;
  readonly arrivesAtMs: number;
  /** How long its proof takes. */
  readonly durationMs: number;
}

/** What became of a job. */
export interface SimulatedFate extends SimulatedJob {
  startedAtMs: number | undefined;
  threads: number | undefined;
  /** How often it was given back. */
  givenBack: number;
}

interface Event {
  readonly atMs: number;
  readonly happen: () => void;
}

/** Far more than any run here takes: one that does not end is a fault. */
const STEPS_MAX = 100_000;

/**
 * One worker's slots in front of a queue that hands out jobs in the order they came, in virtual time: nothing is waited
 * for but turns of the event loop. Throws as soon as more of the machine is handed out than there is.
 */
export class SlotsSimulation {
  readonly fates: SimulatedFate[] = [];
  /** Each stretch of time in which a job waited in the queue that would have fitted, and none was taken. */
  readonly idleStretchesMs: number[] = [];
  readonly #machine: MachineResources;
  readonly #profile: Profile;
  readonly #slots: Slots;
  readonly #events: Event[] = [];
  /** Indices into `fates`, the first to come first. */
  readonly #waiting: number[] = [];
  readonly #held = new Map<number, Share>();
  #nowMs = 0;
  #asked: Request | undefined;
  #idleSinceMs: number | undefined;
  #changed = false;

  constructor(machine: MachineResources, profile: Profile, options: Pick<SlotsOptions, 'offered' | 'prefetch'>) {
    this.#machine = machine;
    this.#profile = profile;
    this.#slots = new Slots({
      machine,
      profile,
      patienceMs: 5_000,
      reservationMaxMs: 60_000,
      nowMs: () => this.#nowMs,
      onChange: () => {},
      ...options,
    });
  }

  /** Runs until every job has ended; resolves with the time. */
  async run(jobs: readonly SimulatedJob[]): Promise<number> {
    for (const job of jobs) {
      const index = this.fates.push({ ...job, startedAtMs: undefined, threads: undefined, givenBack: 0 }) - 1;
      this.#events.push({ atMs: job.arrivesAtMs, happen: () => this.#enqueue(index) });
    }
    let ended = 0;
    this.#onEnd = () => {
      ended += 1;
    };
    for (let steps = 0; ended < jobs.length; steps++) {
      if (steps > STEPS_MAX) throw new Error(`not over after ${steps} steps, at ${this.#nowMs} ms`);
      this.#events.sort((a, b) => a.atMs - b.atMs);
      const nextMs = this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY;
      const untilMs = this.#asked?.untilMs ?? Number.POSITIVE_INFINITY;
      this.#nowMs = Math.max(this.#nowMs, Math.min(nextMs, untilMs));
      if (this.#nowMs === Number.POSITIVE_INFINITY) throw new Error('nothing will ever happen again');
      while ((this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY) <= this.#nowMs) this.#events.shift()?.happen();
      await this.#settle();
      this.#noteIdling();
    }
    return this.#nowMs;
  }

  #onEnd: () => void = () => {};

  /** Takes and starts all that can be at this moment. */
  async #settle(): Promise<void> {
    do {
      this.#changed = false;
      this.#take();
      await turn();
    } while (this.#changed);
  }

  /** Does what the worker's loop does. */
  #take(): void {
    for (;;) {
      const request = this.#slots.request();
      const { classes, untilMs } = request;
      const asked = this.#asked;
      if (asked !== undefined && (asked.untilMs !== untilMs || String(asked.classes) !== String(classes))) {
        this.#slots.ended(asked, false);
      }
      this.#asked = request;
      const at = this.#waiting.findIndex((index) => classes.includes(this.#fate(index).resourceClass));
      if (at < 0 && this.#nowMs < untilMs) return;
      this.#slots.ended(request, at >= 0);
      this.#asked = undefined;
      const [index] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (index !== undefined) this.#begin(index);
    }
  }

  #begin(index: number): void {
    const fate = this.#fate(index);
    const ending = new AbortController();
    const slot = this.#slots.enter(fate.resourceClass, () => {
      ending.abort();
      slot.leave();
      fate.givenBack += 1;
      this.#enqueue(index);
    });
    this.#changed = true;
    slot.acquire(ending.signal).then(
      (grant) => this.#start(index, grant),
      () => {},
    );
  }

  #start(index: number, grant: Grant): void {
    const fate = this.#fate(index);
    fate.startedAtMs = this.#nowMs;
    fate.threads = grant.threads;
    this.#held.set(index, { ...this.#needs(fate.resourceClass), cores: grant.threads });
    const free = freeOf(this.#machine, this.#held.values());
    if (Math.min(free.cores, free.memoryBytes, free.gpus) < 0)
      throw new Error(`over-committed: ${JSON.stringify(free)}`);
    this.#changed = true;
    this.#events.push({
      atMs: this.#nowMs + fate.durationMs,
      happen: () => {
        this.#held.delete(index);
        grant.release();
        this.#onEnd();
      },
    });
  }

  #enqueue(index: number): void {
    this.#waiting.push(index);
    this.#waiting.sort((a, b) => this.#fate(a).arrivesAtMs - this.#fate(b).arrivesAtMs);
  }

  #noteIdling(): void {
    const free = freeOf(this.#machine, this.#held.values());
    const idles = this.#waiting.some((index) => fits(free, this.#needs(this.#fate(index).resourceClass)));
    if (idles) this.#idleSinceMs ??= this.#nowMs;
    else if (this.#idleSinceMs !== undefined) {
      this.idleStretchesMs.push(this.#nowMs - this.#idleSinceMs);
      this.#idleSinceMs = undefined;
    }
  }

  #needs(resourceClass: ResourceClass): Share {
    return shareOf(requirementOf(this.#profile, resourceClass));
  }

  #fate(index: number): SimulatedFate {
    const fate = this.fates[index];
    if (fate === undefined) throw new Error(`there is no job ${index}`);
    return fate;
  }
}

export const gib = (memoryGiB: number) => memoryGiB * BYTES_PER_GIB;
