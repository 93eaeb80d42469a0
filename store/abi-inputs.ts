import type { AbiInputs, AbiValue } from '../proto/index.js';

/** Structs of arrays of structs: the deepest inputs there are have 4 levels. */
const DEPTH_MAX = 16;

/** Whether a value read from a store is a circuit's inputs: named values, hexadecimal, booleans, arrays, structs. */
export function isAbiInputs(value: unknown): value is AbiInputs {
  return isStruct(value) && Object.values(value).every((field) => isAbiValue(field, 1));
}

function isAbiValue(value: unknown, depth: number): value is AbiValue {
  if (depth > DEPTH_MAX) return false;
  if (typeof value === 'string') return /^0x[0-9a-fA-F]{1,64}$/.test(value);
  if (typeof value === 'boolean') return true;
  if (Array.isArray(value)) return value.every((item) => isAbiValue(item, depth + 1));
  return isStruct(value) && Object.values(value).every((field) => isAbiValue(field, depth + 1));
}

function isStruct(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
