import { z } from 'zod';
import { FIELD_MODULUS, type Field, parseField } from '../field.js';
import { LIMITS } from '../limits.js';

/**
 * The block, version 1: its shape and the bounds of each size, as it is written in files (field elements as 0x text,
 * proofs as base64), as it is stored (proofs apart, here their lengths), and as it is in memory. What must hold between
 * its parts is for `orchestrator/block` to check. Each message says what is allowed; `describeIssue` puts the place and
 * the value in front of it.
 */
const fieldText = z.string('allowed: a field element as 0x text').transform((text, context): Field => {
  const value = text.startsWith('0x') ? parseField(text) : undefined;
  if (value !== undefined) return value;
  context.addIssue({
    code: 'custom',
    message: 'allowed: 0x and up to 64 hexadecimal digits, below the BN254 field order',
  });
  return z.NEVER;
});

const FIELD_VALUE = 'allowed: a field element, 0 to below the BN254 field order';
const fieldValue = z.bigint(FIELD_VALUE).refine((value) => value >= 0n && value < FIELD_MODULUS, FIELD_VALUE);

const integer = (what: string, min: number, max: number) => {
  const allowed = `allowed: ${what}, ${min} to ${max}`;
  return z.number(allowed).int(allowed).min(min, allowed).max(max, allowed);
};

const list = <T extends z.ZodType>(item: T, what: string, max: number, min = 0) => {
  const allowed = `allowed: ${min} to ${max} ${what}`;
  return z.array(item, `allowed: a list of ${what}`).min(min, allowed).max(max, allowed);
};

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const proofText = z.string('allowed: base64 text').transform((text, context): Uint8Array => {
  if (text.length <= Math.ceil(LIMITS.proofBytesMax / 3) * 4 && text.length % 4 === 0 && BASE64.test(text)) {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length <= LIMITS.proofBytesMax) return new Uint8Array(bytes);
  }
  context.addIssue({ code: 'custom', message: `allowed: base64 of at most ${LIMITS.proofBytesMax} bytes` });
  return z.NEVER;
});

const PROOF_VALUE = `allowed: at most ${LIMITS.proofBytesMax} bytes`;
const proofValue = z
  .custom<Uint8Array>((value) => value instanceof Uint8Array, PROOF_VALUE)
  .refine(({ length }) => length <= LIMITS.proofBytesMax, PROOF_VALUE);

const NAME_CHARS_MAX = 64;
const name = z
  .string('allowed: text')
  .regex(
    new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${NAME_CHARS_MAX - 1}}$`),
    `allowed: 1 to ${NAME_CHARS_MAX} letters, digits, dots, _ and -`,
  );
const source = z
  .string('allowed: text')
  .max(LIMITS.sourceCharsMax, `allowed: at most ${LIMITS.sourceCharsMax} characters of assembly`);

export const versionSchema = z.literal(1, 'allowed: 1, the version this espalier reads');

/** What a block is made of, with field elements and proofs as these two say. */
function schemasWith<F extends z.ZodType<Field>, P extends z.ZodType>(field: F, proof: P) {
  const call = z.strictObject({
    contract: field,
    calldata: list(field, 'words', LIMITS.calldataWords),
    gasLimit: integer('an integer', 1, LIMITS.callGasMax),
  });
  const transaction = z.strictObject({
    sender: field,
    nullifier: field,
    calls: list(call, 'calls', LIMITS.callsPerTransactionMax),
    clientProof: z.strictObject({
      proof,
      srs: z.enum(['canonical', 'development', 'none'], 'allowed: canonical, development, none'),
    }),
  });
  const contract = z.strictObject({ name, address: field, salt: field, source });
  const storage = z.strictObject({ contract: field, slot: field, value: field });
  const state = {
    storage: list(storage, 'storage entries', LIMITS.stateEntriesMax),
    nullifiers: list(field, 'nullifiers', LIMITS.stateEntriesMax),
  };
  const contracts = list(contract, 'contracts', LIMITS.contractsMax);
  const transactions = (min: number) => list(transaction, 'transactions', LIMITS.transactionsMax, min);
  return {
    contract,
    transaction,
    start: z.strictObject(state),
    block: z.strictObject({
      version: versionSchema,
      start: z.strictObject(state),
      contracts,
      transactions: transactions(1),
    }),
    part: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('header'), version: versionSchema }),
      z.strictObject({ kind: z.literal('state'), ...state }),
      z.strictObject({ kind: z.literal('contracts'), contracts }),
      z.strictObject({ kind: z.literal('transactions'), transactions: transactions(0) }),
    ]),
  };
}

export const textSchemas = schemasWith(fieldText, proofText);
export const valueSchemas = schemasWith(fieldValue, proofValue);
export const storedSchemas = schemasWith(fieldText, integer('bytes', 0, LIMITS.proofBytesMax));
