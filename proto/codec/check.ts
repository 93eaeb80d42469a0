import { type ErrorCode, EspalierError } from '../../common/index.js';
import { FIELD_BYTES, FIELD_MODULUS, type Field, fieldFromBytes, fieldToBytes } from '../field.js';

/**
 * Reading values that came over the wire: nothing in them is believed. `what` names the value, its place first. A fault
 * is thrown as `code`, with the value that was given and what is allowed.
 */
export class Check {
  readonly #code: ErrorCode;

  constructor(code: ErrorCode) {
    this.#code = code;
  }

  fault(message: string, remedy?: string): EspalierError {
    return new EspalierError(this.#code, message, remedy === undefined ? {} : { remedy });
  }

  present<T>(value: T | undefined, what: string): T {
    if (value === undefined) throw this.fault(`${what} is missing`);
    return value;
  }

  integer(value: number, min: number, max: number, what: string): number {
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw this.fault(`${what} is ${value}`, `allowed: an integer, ${min} to ${max}`);
  }

  amount(value: number, what: string): number {
    if (Number.isFinite(value) && value >= 0) return value;
    throw this.fault(`${what} is ${value}`, 'allowed: a number that is not negative');
  }

  count<T>(list: readonly T[], min: number, max: number, what: string): readonly T[] {
    if (list.length >= min && list.length <= max) return list;
    throw this.fault(`${what}: there are ${list.length}`, `allowed: ${min} to ${max}`);
  }

  text(value: string, pattern: RegExp, allowed: string, what: string): string {
    if (pattern.test(value)) return value;
    throw this.fault(`${what} is ${shown(value)}`, `allowed: ${allowed}`);
  }

  shortText(value: string, charsMax: number, what: string): string {
    if (value.length <= charsMax) return value;
    throw this.fault(`${what} has ${value.length} characters`, `allowed: at most ${charsMax}`);
  }

  bytes(value: Uint8Array, min: number, max: number, what: string): Uint8Array {
    if (value.length >= min && value.length <= max) return value;
    const allowed = min === max ? `${min} bytes` : `${min} to ${max} bytes`;
    throw this.fault(`${what} has ${value.length} bytes`, `allowed: ${allowed}`);
  }

  hex(value: Uint8Array, byteCount: number, what: string): string {
    return Buffer.from(this.bytes(value, byteCount, byteCount, what)).toString('hex');
  }

  field(value: Uint8Array, what: string): Field {
    if (value.length <= FIELD_BYTES) {
      const field = fieldFromBytes(value);
      if (field < FIELD_MODULUS) return field;
      throw this.fault(`${what} is 0x${field.toString(16)}`, 'allowed: a field element, below the BN254 field order');
    }
    throw this.fault(`${what} has ${value.length} bytes`, `allowed: a field element, at most ${FIELD_BYTES} bytes`);
  }

  oneOf<T extends string>(value: string, allowed: readonly T[], what: string): T {
    const found = allowed.find((one) => one === value);
    if (found !== undefined) return found;
    throw this.fault(`${what} is ${shown(value)}`, `allowed: ${allowed.join(', ')}`);
  }

  /** Of an enum, by a table that has no entry for what is not allowed. */
  named<T extends string>(value: number, names: ReadonlyMap<number, T>, what: string): T {
    const name = names.get(value);
    if (name !== undefined) return name;
    throw this.fault(`${what} is ${value}`, `allowed: ${[...names].map(([n, text]) => `${n} (${text})`).join(', ')}`);
  }
}

/** What a server answered: a fault in it is nobody's but the server's. */
export const answer = new Check('internal');

/** A field element without its leading zeros. */
export function fieldToWire(field: Field): Buffer {
  const bytes = fieldToBytes(field);
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? Buffer.alloc(0) : Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
}

/** Whole milliseconds, not negative: what a `uint64` takes. */
export function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms));
}

/** The keys of a table from names to numbers, the other way round. */
export function reversed<T extends string>(numbers: Readonly<Record<T, number>>): ReadonlyMap<number, T> {
  return new Map(Object.entries<number>(numbers).map(([name, value]) => [value, name as T]));
}

const SHOWN_CHARS_MAX = 80;

function shown(text: string): string {
  const quoted = JSON.stringify(text.slice(0, SHOWN_CHARS_MAX));
  return text.length <= SHOWN_CHARS_MAX ? quoted : `${quoted}… (${text.length} characters)`;
}
