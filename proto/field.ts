/** The order of BN254's scalar field, the field all circuits work in. */
export const FIELD_MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** A scalar field element: an integer in `[0, FIELD_MODULUS)`. */
export type Field = bigint;

/** A field element as `0x` and 64 lower-case hexadecimal digits: its one canonical text form. */
export type FieldHex = `0x${string}`;

export function toHex(field: Field): FieldHex {
  return `0x${field.toString(16).padStart(64, '0')}`;
}

/** Parses `0x…` hexadecimal or decimal text; undefined when it is not a canonical field element. */
export function parseField(text: string): Field | undefined {
  if (!/^(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value < FIELD_MODULUS ? value : undefined;
}

/** Of a field element wherever it is written as bytes, big-endian. */
export const FIELD_BYTES = 32;

/** 32 bytes, big-endian: how Barretenberg reads and writes field elements. */
export function fieldToBytes(field: Field): Uint8Array {
  return Uint8Array.from(Buffer.from(toHex(field).slice(2), 'hex'));
}

export function fieldFromBytes(bytes: Uint8Array): Field {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** Field elements one after another as texts; not reduced. Throws where `what`'s bytes are no whole number of them. */
export function fieldsFromBytes(bytes: Uint8Array, what = 'a list of field elements'): FieldHex[] {
  if (bytes.length % FIELD_BYTES !== 0) throw new RangeError(`${what} has ${bytes.length} bytes, no multiple of 32`);
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  const count = bytes.length / FIELD_BYTES;
  return Array.from({ length: count }, (_, i): FieldHex => `0x${digits.slice(64 * i, 64 * (i + 1))}`);
}

/** The other way round: texts of 64 digits, as `toHex` makes them. */
export function fieldsToBytes(fields: readonly string[]): Uint8Array {
  return Buffer.from(fields.map((field) => field.slice(2)).join(''), 'hex');
}
