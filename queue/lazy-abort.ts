/** An abort signal that is made when somebody asks for it: one costs more than all the rest of a lease. */
export class LazyAbort {
  #controller: AbortController | undefined;
  #because: Error | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#because !== undefined) this.#controller.abort(this.#because);
    }
    return this.#controller.signal;
  }

  /** The first reason counts. */
  abort(because: Error): void {
    this.#because ??= because;
    this.#controller?.abort(this.#because);
  }
}
