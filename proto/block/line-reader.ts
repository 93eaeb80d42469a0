import type { FileHandle } from 'node:fs/promises';
import { EspalierError } from '../../common/index.js';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its end. */
  readonly text: string;
  /** Where it begins in the file, and how many bytes it has there without its end. */
  readonly at: number;
  readonly bytes: number;
}

/** The lines of a file, from its beginning. Rejects with `block-invalid` for a line of more than `bytesMax` bytes. */
export async function* readLines(file: FileHandle, bytesMax: number): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0);
  let at = 0;
  let number = 1;
  const line = (bytes: Buffer): Line => {
    if (bytes.length <= bytesMax) return { number, text: bytes.toString('utf8'), at, bytes: bytes.length };
    throw new EspalierError('block-invalid', `line ${number}: more than ${bytesMax} bytes`, {
      remedy: 'put one contract, one transaction, or some starting state on a line',
    });
  };
  const stream = file.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = buffer.indexOf(NEWLINE, rest.length); end >= 0; end = buffer.indexOf(NEWLINE)) {
      yield line(buffer.subarray(0, end));
      at += end + 1;
      number += 1;
      buffer = buffer.subarray(end + 1);
    }
    if (buffer.length > bytesMax) line(buffer);
    rest = buffer;
  }
  if (rest.length > 0) yield line(rest);
}
