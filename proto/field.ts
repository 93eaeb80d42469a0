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

/** 32 bytes, big-endian: how Barretenberg reads and writes field elements. */
export function fieldToBytes(field: Field): Uint8Array {
  return Uint8Array.from(Buffer.from(toHex(field).slice(2), 'hex'));
}

export function fieldFromBytes(bytes: Uint8Array): Field {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
