import type { JobReport } from '../proto/index.js';

type ReportListener = (report: JobReport) => void;

/**
 * Hands reports to listeners in the order they happened, after the call that caused them has returned: a listener may
 * call the queue again without meeting it half-changed. A listener hears what happens after it was added and before
 * it was taken away. What a listener throws goes to `onListenerError`; the others still hear the report.
 */
export class ReportFeed {
  readonly #onListenerError: (error: unknown) => void;
  /** Replaced, never changed: a pending report keeps the listeners of its moment. */
  #listeners: readonly ReportListener[] = [];
  #pending: { readonly report: JobReport; readonly listeners: readonly ReportListener[] }[] = [];

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  listen(listener: ReportListener): () => void {
    // Wrapped, so that one function added twice is two listeners, each with its own way to stop.
    const own: ReportListener = (report) => listener(report);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  publish(report: JobReport): void {
    if (this.#listeners.length === 0) return;
    this.#pending.push({ report, listeners: this.#listeners });
    if (this.#pending.length === 1) queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { report, listeners } of pending) {
      for (const listener of listeners) {
        if (!this.#listeners.includes(listener)) continue;
        try {
          listener(report);
        } catch (error) {
          this.#onListenerError(error);
        }
      }
    }
  }
}
