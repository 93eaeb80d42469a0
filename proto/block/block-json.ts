import { EspalierError } from '../../common/index.js';
import type { Block } from '../block.js';
import { toHex } from '../field.js';
import { LIMITS } from '../limits.js';

/** A value of a block as JSON: field elements as 0x text, bytes as base64 unless `bytesAs` says otherwise. */
export function blockJson(value: unknown, bytesAs: (bytes: Uint8Array) => unknown = base64): unknown {
  if (typeof value === 'bigint') return toHex(value);
  if (value instanceof Uint8Array) return bytesAs(value);
  if (Array.isArray(value)) return value.map((item) => blockJson(item, bytesAs));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, blockJson(part, bytesAs)]));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** A block as one JSON text. Throws `block-invalid` where it is too large for that. */
export function serializeBlock(block: Block): string {
  try {
    const text = `${JSON.stringify(blockJson(block), null, 1)}\n`;
    if (text.length <= LIMITS.blockFileBytesMax) return text;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  throw new EspalierError('block-invalid', `${block.transactions.length} transactions are too many for one JSON text`, {
    remedy: `write the block as lines, into a file named .jsonl: one text holds at most ${LIMITS.blockFileBytesMax} bytes`,
  });
}
