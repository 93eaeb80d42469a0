import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EspalierError, writeFileAtomically } from '../../common/index.js';
import type { Block, Transaction } from '../block.js';
import type { BlockPart } from '../block-part.js';
import { LIMITS } from '../limits.js';
import { serializeBlock } from './block-json.js';
import { isHeaderLine, linesOf, parseLine } from './block-lines.js';
import { PartBatcher, partsOf } from './block-parts.js';
import { type Line, readLines } from './line-reader.js';
import { parseBlockJson } from './parse-block-json.js';
import { PartSequence } from './part-sequence.js';

/** Bytes that are looked at to tell the two formats of a block file apart. */
const HEADER_BYTES_MAX = 1_024;
const WRITE_BYTES = 1024 * 1024;

/** Transactions of a block that is written as one JSON text, some 40 MB, unless its user wants otherwise. */
export const TEXT_TRANSACTIONS_MAX = 2_048;

/**
 * The parts of a block file of either format: one JSON text, which is held whole, or lines, of which a megabyte is held
 * at a time. Syntax, sizes and order are checked; what must hold between the parts is not. Rejects with `block-invalid`,
 * naming the file, the line and the place in the block.
 */
export async function* readBlockParts(path: string): AsyncGenerator<BlockPart> {
  const file = await BlockFile.open(path);
  try {
    yield* file.parts();
  } finally {
    await file.close();
  }
}

/** An open block file, which can be read again, and in lines from any transaction on. */
export class BlockFile {
  readonly path: string;
  readonly isLines: boolean;
  readonly #file: FileHandle;
  /** Where the line of each transaction begins, and where the last one ends; known when the parts were read. */
  readonly #offsets: number[] = [];

  private constructor(path: string, file: FileHandle, isLines: boolean) {
    this.path = path;
    this.#file = file;
    this.isLines = isLines;
  }

  static async open(path: string): Promise<BlockFile> {
    const file = await open(path, 'r').catch((thrown) => {
      throw unreadable(path, thrown);
    });
    try {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(HEADER_BYTES_MAX), position: 0 });
      const [first = ''] = buffer.toString('utf8', 0, bytesRead).split('\n');
      const isLines = isHeaderLine(first);
      const { size } = await file.stat();
      const max = isLines ? LIMITS.blockLinesBytesMax : LIMITS.blockFileBytesMax;
      if (size > max) {
        throw new EspalierError('block-invalid', `${path}: ${size} bytes are too many for a block file`, {
          remedy: isLines
            ? `split the block: at most ${max} bytes`
            : `one JSON text may have ${max} bytes: write the block as lines (espalier block new -o block.jsonl), or split it`,
        });
      }
      return new BlockFile(path, file, isLines);
    } catch (thrown) {
      await file.close();
      throw thrown instanceof EspalierError ? thrown : unreadable(path, thrown);
    }
  }

  /** From the beginning. */
  async *parts(): AsyncGenerator<BlockPart> {
    if (this.isLines) yield* this.#partsOfLines();
    else yield* partsOf(await this.#readWhole());
  }

  /** Of a file of lines whose parts were read to the end. Rejects with `block-invalid` where it is not as it was. */
  async transaction(index: number): Promise<Transaction> {
    const [from, to] = [this.#offsets[index], this.#offsets[index + 1]];
    if (from === undefined || to === undefined) throw new RangeError(`there is no transaction ${index}`);
    const { buffer, bytesRead } = await this.#file.read({ buffer: Buffer.alloc(to - from), position: from });
    const sequence = Object.assign(new PartSequence(), { transactions: index });
    sequence.add({ kind: 'header', version: 1 });
    const part = this.#named(() => parseLine(buffer.toString('utf8', 0, bytesRead), sequence));
    const transaction = part.kind === 'transactions' ? part.transactions[0] : undefined;
    if (transaction !== undefined) return transaction;
    throw new EspalierError('block-invalid', `${this.path}: tx ${index} is not where it was`, {
      remedy: 'leave the file as it is until the command has ended, and run it again',
    });
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async *#partsOfLines(): AsyncGenerator<BlockPart> {
    const sequence = new PartSequence();
    const batcher = new PartBatcher();
    this.#offsets.length = 0;
    for await (const line of this.#lines()) {
      if (line.text.trim() === '') continue;
      const part = this.#named(() => parseLine(line.text, sequence), line);
      if (part.kind === 'transactions') {
        this.#offsets.splice(-1, this.#offsets.length === 0 ? 0 : 1, line.at, line.at + line.bytes);
      }
      yield* batcher.add(part);
    }
    yield* batcher.end();
    this.#named(() => sequence.end());
  }

  async *#lines(): AsyncGenerator<Line> {
    try {
      yield* readLines(this.#file, LIMITS.blockLineBytesMax);
    } catch (thrown) {
      if (thrown instanceof EspalierError) throw inFile(this.path, thrown);
      throw unreadable(this.path, thrown);
    }
  }

  async #readWhole(): Promise<Block> {
    const text = await this.#readText();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message.replace(/\s+/g, ' ') : String(thrown);
      throw new EspalierError('block-invalid', `${this.path}: not JSON: ${reason}`, {
        remedy: 'name a block file as espalier block new writes it',
      });
    }
    return this.#named(() => parseBlockJson(json));
  }

  async #readText(): Promise<string> {
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of this.#file.createReadStream({ start: 0, autoClose: false })) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    } catch (thrown) {
      throw unreadable(this.path, thrown);
    }
  }

  #named<T>(run: () => T, line?: Line): T {
    try {
      return run();
    } catch (thrown) {
      throw inFile(line === undefined ? this.path : `${this.path}: line ${line.number}`, thrown);
    }
  }
}

/**
 * Writes a block file of lines, whole or not at all, and holds one part at a time. Rejects with `usage` where it cannot be
 * written, and as `parts` does.
 */
export async function writeBlockParts(
  path: string,
  parts: AsyncIterable<BlockPart> | Iterable<BlockPart>,
): Promise<void> {
  await writeNamed(path, async (file) => {
    let text: string[] = [];
    let chars = 0;
    for await (const part of parts) {
      for (const line of linesOf(part)) {
        text.push(line);
        chars += line.length;
        if (chars < WRITE_BYTES) continue;
        await file.appendFile(text.join(''));
        [text, chars] = [[], 0];
      }
    }
    await file.appendFile(text.join(''));
  });
}

/** Writes a block file of one JSON text, whole or not at all. Rejects with `disk-full` or `block-invalid` (too large). */
export async function writeBlock(path: string, block: Block): Promise<void> {
  await writeNamed(path, serializeBlock(block));
}

async function writeNamed(path: string, content: string | ((file: FileHandle) => Promise<void>)): Promise<void> {
  try {
    await writeFileAtomically(path, content);
  } catch (thrown) {
    const error = EspalierError.from(thrown, 'usage');
    if (error.code !== 'usage') throw error;
    throw new EspalierError('usage', `${path}: cannot be written: ${error.message}`, {
      cause: thrown,
      remedy: `choose a file in a folder that exists and may be written, instead of ${dirname(path)}`,
    });
  }
}

function inFile(place: string, thrown: unknown): EspalierError {
  const { code, message, remedy } = EspalierError.from(thrown);
  return new EspalierError(code, `${place}: ${message}`, remedy === undefined ? {} : { remedy });
}

function unreadable(path: string, thrown: unknown): EspalierError {
  const { code, message } = thrown as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message;
  return new EspalierError('block-invalid', `${path}: cannot be read: ${reason}`, {
    cause: thrown,
    remedy: 'name a block file, or make one: espalier block new -o block.json',
  });
}
