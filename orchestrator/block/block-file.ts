import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Hasher } from '../../circuits/index.js';
import { EspalierError, writeFileAtomically } from '../../common/index.js';
import { type Block, LIMITS, toHex } from '../../proto/index.js';
import { parseBlock } from './parse-block.js';

/** Reads and checks a block file; errors as `parseBlock`, with the file's name in front. */
export async function readBlock(path: string, hasher: Hasher): Promise<Block> {
  const text = await readText(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : String(thrown);
    throw new EspalierError('block-invalid', `${path}: not JSON: ${reason}`, {
      remedy: 'name a block file as espalier block new writes it',
    });
  }
  try {
    return parseBlock(json, hasher);
  } catch (thrown) {
    const { code, message, remedy } = EspalierError.from(thrown);
    throw new EspalierError(code, `${path}: ${message}`, remedy === undefined ? {} : { remedy });
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > LIMITS.blockFileBytesMax) {
      throw new EspalierError('block-invalid', `${path}: ${size} bytes are too many for a block file`, {
        remedy: `split the block: at most ${LIMITS.blockFileBytesMax} bytes`,
      });
    }
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof EspalierError) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message;
    throw new EspalierError('block-invalid', `${path}: cannot be read: ${reason}`, {
      cause: thrown,
      remedy: 'name a block file, or make one: espalier block new -o block.json',
    });
  }
}

/** Writes a block file whole or not at all. Rejects with `disk-full` or `block-invalid` (too large for one file). */
export async function writeBlock(path: string, block: Block): Promise<void> {
  const text = serializeBlock(block);
  try {
    await writeFileAtomically(path, text);
  } catch (thrown) {
    const error = EspalierError.from(thrown, 'usage');
    if (error.code !== 'usage') throw error;
    throw new EspalierError('usage', `${path}: cannot be written: ${error.message}`, {
      cause: thrown,
      remedy: `choose a file in a folder that exists and may be written, instead of ${dirname(path)}`,
    });
  }
}

/** The text of a block file: field elements as 0x text, proofs as base64. */
export function serializeBlock(block: Block): string {
  const json = (value: unknown): unknown => {
    if (typeof value === 'bigint') return toHex(value);
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (Array.isArray(value)) return value.map(json);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, json(part)]));
  };
  try {
    const text = `${JSON.stringify(json(block), null, 1)}\n`;
    if (text.length <= LIMITS.blockFileBytesMax) return text;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  throw new EspalierError(
    'block-invalid',
    `${block.transactions.length} transactions are too many for one block file`,
    {
      remedy: `make a smaller block: a file holds at most ${LIMITS.blockFileBytesMax} bytes`,
    },
  );
}
