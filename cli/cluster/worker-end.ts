import type { SignalName } from '../interrupt.js';

/** How a worker ends: it finishes what runs within its grace, or gives everything back at once. */
export type EndKind = 'drain' | 'give-back';

/**
 * What has been asked of a worker so far. It is *working* until somebody asks for its end; *draining* from the first
 * request (SIGTERM, SIGINT, SIGHUP, `espalier drain`, an orchestrator that drains it) until its jobs have ended;
 * *giving back* from the second signal, or at once from a notice that the machine goes away (SIGUSR1). There is no way
 * back. A further signal ends the process at once.
 */
export class WorkerEnd {
  readonly #begun = new AbortController();
  readonly #listeners = new Set<(kind: EndKind, reason: string) => void>();
  #asked: { readonly kind: EndKind; readonly reason: string } | null = null;

  /** Aborted at the first request: whatever is still being started need not be. */
  get signal(): AbortSignal {
    return this.#begun.signal;
  }

  /** Hears of each step, also of the one that was reached before. */
  onStep(listener: (kind: EndKind, reason: string) => void): void {
    this.#listeners.add(listener);
    if (this.#asked !== null) listener(this.#asked.kind, this.#asked.reason);
  }

  onSignal(name: SignalName): 'heard' | 'quit' {
    if (name === 'SIGUSR1') this.request('give-back', 'this machine goes away (SIGUSR1)');
    else if (this.#asked === null) this.request('drain', name);
    else if (this.#asked.kind === 'drain') this.request('give-back', `${name} again`);
    else return 'quit';
    return 'heard';
  }

  request(kind: EndKind, reason: string): void {
    if (this.#asked !== null && (kind === 'drain' || this.#asked.kind === 'give-back')) return;
    this.#asked = { kind, reason };
    this.#begun.abort();
    for (const listener of this.#listeners) listener(kind, reason);
  }
}
