const CHUNK_ROWS = 8_192;
const RUN_ROWS = 4_096;

/**
 * Rows of bytes, all of one width, in the order of their bytes: nothing but the bytes and four more for each. They are
 * sorted as they come, in runs that are merged when two are equally long, so that no call takes long.
 */
export class SortedRows {
  readonly #width: number;
  readonly #chunks: Buffer[] = [];
  /** Numbers of rows, each run in order. */
  readonly #runs: Uint32Array[] = [];
  #rows = 0;
  #inRuns = 0;

  constructor(width: number) {
    this.#width = width;
  }

  get length(): number {
    return this.#rows;
  }

  /** Rows are numbered from 0 as they come. */
  add(row: Uint8Array): void {
    const place = this.#rows % CHUNK_ROWS;
    if (place === 0) this.#chunks.push(Buffer.allocUnsafe(CHUNK_ROWS * this.#width));
    this.#chunks.at(-1)?.set(row, place * this.#width);
    this.#rows += 1;
    if (this.#rows - this.#inRuns === RUN_ROWS) this.#endRun();
  }

  /** The row with a number. A view: it must not be changed. */
  row(number: number): Buffer {
    const from = (number % CHUNK_ROWS) * this.#width;
    const chunk = this.#chunks[Math.floor(number / CHUNK_ROWS)];
    if (chunk === undefined || number >= this.#rows) throw new RangeError(`there is no row ${number}`);
    return chunk.subarray(from, from + this.#width);
  }

  /** Numbers of all rows, in the order of the rows; equal ones as they came. */
  sorted(): Uint32Array {
    this.#endRun();
    while (this.#runs.length > 1) this.#mergeLast();
    return this.#runs[0] ?? new Uint32Array();
  }

  /** Whether a row is there. */
  has(row: Uint8Array): boolean {
    const numbers = this.sorted();
    let [from, to] = [0, numbers.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (Buffer.compare(this.row(numbers[middle] ?? 0), row) < 0) from = middle + 1;
      else to = middle;
    }
    const found = numbers[from];
    return found !== undefined && this.row(found).equals(row);
  }

  /** The numbers of two rows whose first `width` bytes are equal, the smaller first; undefined where there are none. */
  findTwins(width: number): readonly [number, number] | undefined {
    let found: readonly [number, number] | undefined;
    let before: number | undefined;
    for (const number of this.sorted()) {
      const [a, b] = [Math.min(before ?? number, number), Math.max(before ?? number, number)];
      const areTwins = a !== b && this.row(a).subarray(0, width).equals(this.row(b).subarray(0, width));
      if (areTwins && b < (found?.[1] ?? Number.POSITIVE_INFINITY)) found = [a, b];
      before = number;
    }
    return found;
  }

  #compare(a: number, b: number): number {
    const [first, second] = [this.#chunks[Math.floor(a / CHUNK_ROWS)], this.#chunks[Math.floor(b / CHUNK_ROWS)]];
    if (first === undefined || second === undefined) return 0;
    const [atA, atB] = [(a % CHUNK_ROWS) * this.#width, (b % CHUNK_ROWS) * this.#width];
    return first.compare(second, atB, atB + this.#width, atA, atA + this.#width) || a - b;
  }

  #endRun(): void {
    if (this.#inRuns === this.#rows) return;
    const run = Uint32Array.from({ length: this.#rows - this.#inRuns }, (_, index) => this.#inRuns + index);
    this.#runs.push(run.sort((a, b) => this.#compare(a, b)));
    this.#inRuns = this.#rows;
    while ((this.#runs.at(-2)?.length ?? Number.POSITIVE_INFINITY) <= (this.#runs.at(-1)?.length ?? 0)) {
      this.#mergeLast();
    }
  }

  #mergeLast(): void {
    const [second, first] = [this.#runs.pop(), this.#runs.pop()];
    if (first === undefined || second === undefined) return;
    const merged = new Uint32Array(first.length + second.length);
    let [a, b] = [0, 0];
    for (let at = 0; at < merged.length; at += 1) {
      const takesFirst = b === second.length || (a < first.length && this.#compare(first[a] ?? 0, second[b] ?? 0) <= 0);
      merged[at] = (takesFirst ? first[a++] : second[b++]) ?? 0;
    }
    this.#runs.push(merged);
  }
}
