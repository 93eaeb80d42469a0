/** Which fields of a message are messages themselves, and of what shape these are. */
export interface WireShape {
  readonly [field: number]: WireShape;
}

const FLAT: WireShape = {};
const PART: WireShape = {
  1: { 3: FLAT },
  2: { 1: FLAT },
  3: { 1: FLAT },
  4: { 1: { 3: FLAT } },
};

/** Of the requests that come in streams, by the path of their method; all others are small. */
export const UPLOAD_SHAPES: ReadonlyMap<string, WireShape> = new Map([
  ['/espalier.v1.BlockService/SubmitBlock', { 1: PART }],
  ['/espalier.v1.BlockService/ReplaceBlock', { 2: PART }],
]);

/**
 * How many values a message has, those of the messages in it included, counted no further than to `max + 1`. Decoding
 * makes an object of each, some hundred times as large as the two bytes that it may take here, so they are counted before.
 * What is malformed is counted as far as it goes: the decoder tells of it.
 */
export function countValues(bytes: Uint8Array, shape: WireShape, max: number): number {
  return countRange(bytes, 0, bytes.length, shape, max);
}

function countRange(bytes: Uint8Array, from: number, to: number, shape: WireShape, max: number): number {
  let count = 0;
  let at = from;
  while (at < to && count <= max) {
    const tag = readVarint(bytes, at, to);
    if (tag === undefined) return count;
    count += 1;
    at = tag.next;
    const field = Math.floor(tag.value / 8);
    switch (tag.value % 8) {
      case 0: {
        const value = readVarint(bytes, at, to);
        if (value === undefined) return count;
        at = value.next;
        break;
      }
      case 1:
        at += 8;
        break;
      case 2: {
        const length = readVarint(bytes, at, to);
        if (length === undefined || length.next + length.value > to) return count;
        at = length.next;
        const inner = shape[field];
        if (inner !== undefined) count += countRange(bytes, at, at + length.value, inner, max - count);
        at += length.value;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        // Groups are in no message of this protocol; each of their tags is a value.
        break;
    }
  }
  return count;
}

/** Numbers are exact to 2^53, which is beyond every length. */
function readVarint(bytes: Uint8Array, from: number, to: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = from, factor = 1; at < to && at < from + 10; at++, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return undefined;
}
