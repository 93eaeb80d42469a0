import { z } from 'zod';
import { type BlockId, type BlockOutline, LIMITS, outlineId } from '../proto/index.js';

const SHA256_BYTES = 32;

/** Where the pieces of a stored block are, besides what it is planned from. */
export interface StoredOutline extends BlockOutline {
  /** For each piece, how many transactions are in the pieces before it. */
  readonly starts: readonly number[];
}

/** As it is stored: ids are bytes in base64, since there are tens of thousands. */
const storedSchema = z.strictObject({
  version: z.literal(1),
  startId: z.string().regex(/^[0-9a-f]{64}$/),
  transactionIds: z.base64(),
  callCounts: z.array(z.int().min(0).max(LIMITS.callsPerTransactionMax)).max(LIMITS.transactionsMax),
  starts: z.array(z.int().nonnegative()),
});
type StoredValue = z.infer<typeof storedSchema>;

export function encodeOutline({ version, startId, transactionIds, callCounts, starts }: StoredOutline): StoredValue {
  const ids = Buffer.from(transactionIds.join(''), 'hex').toString('base64');
  return { version, startId, transactionIds: ids, callCounts: [...callCounts], starts: [...starts] };
}

/** Throws an `Error` for what is no outline of this very block. */
export function decodeOutline(value: unknown, blockId: BlockId): StoredOutline {
  if (value === null) throw new Error('it was stored by an earlier version of espalier');
  const { transactionIds: ids, starts, ...rest } = storedSchema.parse(value);
  const hex = Buffer.from(ids, 'base64').toString('hex');
  const count = hex.length / (2 * SHA256_BYTES);
  if (count !== rest.callCounts.length || count === 0) throw new Error('its outline is not that of any block');
  const transactionIds = Array.from({ length: count }, (_, index) => hex.slice(64 * index, 64 * (index + 1)));
  const isAscending = starts.every((start, index) => start >= (starts[index - 1] ?? 0) && start <= count);
  if (!isAscending || starts[0] !== 0) throw new Error('its outline says where no transaction can be');
  const outline = { ...rest, transactionIds, starts };
  if (outlineId(outline) !== blockId) throw new Error(`its outline is that of block ${outlineId(outline)}`);
  return outline;
}
