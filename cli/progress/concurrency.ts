/** How many jobs ran at once, on average since the first one started. Jobs are counted, not told apart. */
export class Concurrency {
  #running = 0;
  #firstStartAtMs: number | null = null;
  #busyMs = 0;
  #countedUntilMs = 0;

  /** Null until a job starts. */
  get firstStartAtMs(): number | null {
    return this.#firstStartAtMs;
  }

  /** Takes the number of running jobs from `atMs` on. A time before the last one counts as the last one. */
  set(running: number, atMs: number): void {
    if (running > 0) this.#firstStartAtMs ??= atMs;
    this.#busyMs = this.#busyMsUntil(atMs);
    this.#countedUntilMs = Math.max(this.#countedUntilMs, atMs);
    this.#running = running;
  }

  /** 0 until a job has run for any time. */
  average(atMs: number): number {
    if (this.#firstStartAtMs === null || atMs <= this.#firstStartAtMs) return this.#running;
    return this.#busyMsUntil(atMs) / (atMs - this.#firstStartAtMs);
  }

  #busyMsUntil(atMs: number): number {
    return this.#busyMs + this.#running * Math.max(0, atMs - this.#countedUntilMs);
  }
}
