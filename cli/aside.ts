import type { OutputStream } from './context.js';

/** Lines said aside, such as that a run is stopping: to stderr, unless a display has the terminal and shows them. */
export class Aside {
  readonly #stderr: OutputStream;
  #redirected: ((line: string) => void) | null = null;

  constructor(stderr: OutputStream) {
    this.#stderr = stderr;
  }

  say(line: string): void {
    if (this.#redirected) this.#redirected(line);
    else this.#stderr.write(`${line}\n`);
  }

  /** From now on lines go to `show`; returns the way back. */
  redirect(show: (line: string) => void): () => void {
    this.#redirected = show;
    return () => {
      if (this.#redirected === show) this.#redirected = null;
    };
  }
}
