import { z } from 'zod';
import { LIMITS, parseField } from '../../proto/index.js';

/**
 * The block file, version 1. Its shape and the bounds of each size; what must hold between its parts is in `check.ts`.
 * Each message says what is allowed; `describeIssue` puts the place and the value in front of it.
 */
const field = z.string('allowed: a field element as 0x text').transform((text, context) => {
  const value = text.startsWith('0x') ? parseField(text) : undefined;
  if (value !== undefined) return value;
  context.addIssue({
    code: 'custom',
    message: 'allowed: 0x and up to 64 hexadecimal digits, below the BN254 field order',
  });
  return z.NEVER;
});

const integer = (what: string, min: number, max: number) => {
  const allowed = `allowed: ${what}, ${min} to ${max}`;
  return z.number(allowed).int(allowed).min(min, allowed).max(max, allowed);
};

const list = <T extends z.ZodType>(item: T, what: string, max: number, min = 0) => {
  const allowed = `allowed: ${min} to ${max} ${what}`;
  return z.array(item, `allowed: a list of ${what}`).min(min, allowed).max(max, allowed);
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const proofBytes = z.string('allowed: base64 text').transform((text, context) => {
  if (text.length <= Math.ceil(LIMITS.proofBytesMax / 3) * 4 && BASE64.test(text)) {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length <= LIMITS.proofBytesMax) return new Uint8Array(bytes);
  }
  context.addIssue({ code: 'custom', message: `allowed: base64 of at most ${LIMITS.proofBytesMax} bytes` });
  return z.NEVER;
});

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
    proof: proofBytes,
    srs: z.enum(['canonical', 'development', 'none'], 'allowed: canonical, development, none'),
  }),
});

const NAME_CHARS_MAX = 64;
const name = z
  .string('allowed: text')
  .regex(
    new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${NAME_CHARS_MAX - 1}}$`),
    `allowed: 1 to ${NAME_CHARS_MAX} letters, digits, dots, _ and -`,
  );

const contract = z.strictObject({
  name,
  address: field,
  salt: field,
  source: z
    .string('allowed: text')
    .max(LIMITS.sourceCharsMax, `allowed: at most ${LIMITS.sourceCharsMax} characters of assembly`),
});

export const blockSchema = z.strictObject({
  version: z.literal(1, 'allowed: 1, the version this espalier reads'),
  start: z.strictObject({
    storage: list(
      z.strictObject({ contract: field, slot: field, value: field }),
      'storage entries',
      LIMITS.stateEntriesMax,
    ),
    nullifiers: list(field, 'nullifiers', LIMITS.stateEntriesMax),
  }),
  contracts: list(contract, 'contracts', LIMITS.contractsMax),
  transactions: list(transaction, 'transactions', LIMITS.transactionsMax, 1),
});
