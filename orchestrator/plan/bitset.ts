import { at } from './at.js';

/** A set of small integers in `[0, size)`, one bit each. */
export class Bitset {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(size: number) {
    this.size = size;
    this.#bytes = new Uint8Array((size + 7) >> 3);
  }

  static of(size: number, members: Iterable<number>): Bitset {
    const set = new Bitset(size);
    for (const member of members) set.add(member);
    return set;
  }

  has(member: number): boolean {
    return ((this.#bytes[member >> 3] ?? 0) & (1 << (member & 7))) !== 0;
  }

  /** Members outside `[0, size)` are a programming error and throw. */
  add(member: number): void {
    this.#check(member);
    this.#bytes[member >> 3] = at(this.#bytes, member >> 3) | (1 << (member & 7));
  }

  delete(member: number): void {
    this.#check(member);
    this.#bytes[member >> 3] = at(this.#bytes, member >> 3) & ~(1 << (member & 7));
  }

  #check(member: number): void {
    if (!Number.isInteger(member) || member < 0 || member >= this.size) {
      throw new RangeError(`${member} is not in [0, ${this.size})`);
    }
  }
}
