import { EspalierError } from '../common/index.js';
import type { AbiInputs, AbiValue } from '../proto/index.js';

/** A type as the Noir compiler writes it into an artefact. */
export type AbiType =
  | { readonly kind: 'field' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly sign: 'unsigned' | 'signed'; readonly width: number }
  | { readonly kind: 'array'; readonly length: number; readonly type: AbiType }
  | { readonly kind: 'struct'; readonly path: string; readonly fields: readonly { name: string; type: AbiType }[] };

export interface AbiParameter {
  readonly name: string;
  readonly type: AbiType;
  readonly visibility: 'public' | 'private' | 'databus';
}

export interface Abi {
  readonly parameters: readonly AbiParameter[];
}

/**
 * What a circuit's public parameters hold, flattened in the order in which they stand in the proof: 0x-prefixed, 64
 * digits each. Rejects with `inputs-malformed` when the inputs are not of the ABI's shape.
 */
export function publicInputsOf(abi: Abi, inputs: AbiInputs): string[] {
  const flat: string[] = [];
  for (const parameter of abi.parameters) {
    if (parameter.visibility === 'public') flatten(parameter.type, inputs[parameter.name], parameter.name, flat);
  }
  return flat;
}

/** Rejects with `inputs-malformed` unless `inputs` holds exactly the ABI's parameters, each of its type and size. */
export function checkInputs(abi: Abi, inputs: AbiInputs): void {
  for (const parameter of abi.parameters) flatten(parameter.type, inputs[parameter.name], parameter.name, []);
  const known = new Set(abi.parameters.map((parameter) => parameter.name));
  for (const name of Object.keys(inputs)) {
    if (!known.has(name)) throw malformed(name, 'is not a parameter of the circuit');
  }
}

function flatten(type: AbiType, value: AbiValue | undefined, path: string, flat: string[]): void {
  if (type.kind === 'array') {
    if (!Array.isArray(value)) throw malformed(path, 'must be an array');
    if (value.length !== type.length) throw malformed(path, `must have ${type.length} elements, has ${value.length}`);
    for (const [index, element] of value.entries()) flatten(type.type, element, `${path}[${index}]`, flat);
  } else if (type.kind === 'struct') {
    if (typeof value !== 'object' || Array.isArray(value)) throw malformed(path, 'must be a struct');
    const struct = value as { readonly [field: string]: AbiValue };
    for (const field of type.fields) flatten(field.type, struct[field.name], `${path}.${field.name}`, flat);
    const extra = Object.keys(struct).find((name) => !type.fields.some((field) => field.name === name));
    if (extra !== undefined) throw malformed(`${path}.${extra}`, 'is not a field of the struct');
  } else if (type.kind === 'boolean') {
    if (typeof value !== 'boolean') throw malformed(path, 'must be true or false');
    flat.push(`0x${(value ? '1' : '0').padStart(64, '0')}`);
  } else {
    if (typeof value !== 'string' || !/^0x[0-9a-f]{1,64}$/.test(value)) throw malformed(path, 'must be 0x hexadecimal');
    const digits = value.slice(2);
    if (type.kind === 'integer' && BigInt(value) >> BigInt(type.width) !== 0n) {
      throw malformed(path, `must be below 2^${type.width}, is ${value}`);
    }
    flat.push(`0x${digits.padStart(64, '0')}`);
  }
}

function malformed(path: string, what: string): EspalierError {
  return new EspalierError('inputs-malformed', `circuit input ${path} ${what}`);
}
