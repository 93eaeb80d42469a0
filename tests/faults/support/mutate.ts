/** Numbers that look random and are the same for the same seed (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 on, below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  of<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new Error('there is nothing to choose from');
    return one;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}

/** Bytes at which decoders stumble. */
const SPECIAL = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x1a, 0x22];

/** A few changes to a message: bytes flipped, cut out, doubled, moved in from elsewhere, or lengths made false. */
export function mutate(bytes: Buffer, random: SeededRandom): Buffer {
  let result = Buffer.from(bytes);
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(result.length + 1);
    const length = random.below(Math.min(64, result.length - at) + 1);
    const [before, middle, after] = [
      result.subarray(0, at),
      result.subarray(at, at + length),
      result.subarray(at + length),
    ];
    switch (random.below(6)) {
      case 0:
        if (at < result.length) result[at] = (result[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        if (at < result.length) result[at] = random.of(SPECIAL);
        break;
      case 2:
        result = Buffer.concat([before, after]);
        break;
      case 3:
        result = Buffer.concat([before, middle, middle, after]);
        break;
      case 4:
        result = Buffer.concat([before, random.bytes(random.below(32)), after]);
        break;
      case 5:
        result = Buffer.from(before);
        break;
    }
  }
  return result;
}
