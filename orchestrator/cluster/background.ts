/** Work that is done now and then, by kind: one of a kind at a time, and once more if it was asked for meanwhile. */
export class Background {
  readonly #onError: (thrown: unknown) => void;
  /** Kinds under way, and whether they are wanted again. */
  readonly #busy = new Map<string, boolean>();

  constructor(onError: (thrown: unknown) => void) {
    this.#onError = onError;
  }

  ask(kind: string, work: () => Promise<void>): void {
    if (this.#busy.has(kind)) {
      this.#busy.set(kind, true);
      return;
    }
    this.#busy.set(kind, false);
    void this.#run(kind, work);
  }

  async #run(kind: string, work: () => Promise<void>): Promise<void> {
    await work().catch(this.#onError);
    const isWanted = this.#busy.get(kind) === true;
    this.#busy.delete(kind);
    if (isWanted) this.ask(kind, work);
  }
}
