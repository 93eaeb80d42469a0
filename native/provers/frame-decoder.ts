/** Bytes one message may have: far above any proof or key, far below what a stream that is no stream of frames claims. */
export const FRAME_BYTES_MAX = 1 << 30;

const PREFIX_BYTES = 4;

/** The length prefix that goes before a message: four bytes, little-endian. */
export function framePrefix(bytes: number): Uint8Array {
  if (bytes > FRAME_BYTES_MAX) throw new RangeError(`a message of ${bytes} bytes; at most ${FRAME_BYTES_MAX} fit`);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(bytes);
  return prefix;
}

/** Cuts a stream of `length, message` frames, arriving in chunks of any size, into messages. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #messageBytes: number | undefined;

  /** The messages this chunk completes. Throws `RangeError` where a length is beyond the bound. */
  push(chunk: Buffer): Uint8Array[] {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    const messages: Uint8Array[] = [];
    for (;;) {
      this.#messageBytes ??= this.#takeLength();
      if (this.#messageBytes === undefined || this.#bufferedBytes < this.#messageBytes) return messages;
      messages.push(this.#take(this.#messageBytes));
      this.#messageBytes = undefined;
    }
  }

  #takeLength(): number | undefined {
    if (this.#bufferedBytes < PREFIX_BYTES) return undefined;
    const length = this.#take(PREFIX_BYTES).readUInt32LE();
    if (length > FRAME_BYTES_MAX) throw new RangeError(`a frame of ${length} bytes: this is no stream of frames`);
    return length;
  }

  #take(bytes: number): Buffer {
    const joined = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const all = joined ?? Buffer.alloc(0);
    const rest = all.subarray(bytes);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bufferedBytes = rest.length;
    return all.subarray(0, bytes);
  }
}
