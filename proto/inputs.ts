/** A value as a circuit's ABI takes it: field elements and integers as `0x` hexadecimal text, arrays, structs. */
export type AbiValue = string | boolean | readonly AbiValue[] | { readonly [field: string]: AbiValue };

/**
 * Inputs of one circuit by parameter name, without its child proofs: those are put in by the worker, under the names of
 * `CircuitSpec.childParams`, each as `{ vk, proof }`.
 */
export type AbiInputs = Readonly<Record<string, AbiValue>>;
