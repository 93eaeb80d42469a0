import { createHash } from 'node:crypto';

const MAGIC = Buffer.from('ESPALIER', 'latin1');
const VERSION = 1;
const SHA256_BYTES = 32;
/** Magic, version (4 bytes, big-endian), sha256 of everything behind it; then the header's length (4 bytes). */
const SUM_AT = MAGIC.length + 4;
const SUMMED_AT = SUM_AT + SHA256_BYTES;
const HEADER_AT = SUMMED_AT + 4;

export interface Frame {
  /** A JSON value. */
  readonly header: unknown;
  readonly body: Uint8Array;
}

/**
 * Bytes that say what they are and whether they are whole: `"ESPALIER"`, version, sha256, length of the header, the
 * header as JSON text, the body as it is. The checksum covers all that follows it; it guards against damage, not
 * against malice, so what is in the frame is still validated.
 */
export function encodeFrame({ header, body }: Frame): Uint8Array {
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  const frame = Buffer.alloc(HEADER_AT + text.length + body.length);
  MAGIC.copy(frame);
  frame.writeUInt32BE(VERSION, MAGIC.length);
  frame.writeUInt32BE(text.length, SUMMED_AT);
  text.copy(frame, HEADER_AT);
  frame.set(body, HEADER_AT + text.length);
  sha256(frame.subarray(SUMMED_AT)).copy(frame, SUM_AT);
  return frame;
}

/** Throws an `Error` whose message says what is wrong: damaged, of another version, no frame at all. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (frame.length < HEADER_AT) throw new Error(`it is cut short (${frame.length} bytes)`);
  if (!frame.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('it was not written by Espalier');
  const version = frame.readUInt32BE(MAGIC.length);
  if (version !== VERSION) throw new Error(`it is of version ${version}, not ${VERSION}`);
  if (!frame.subarray(SUM_AT, SUMMED_AT).equals(sha256(frame.subarray(SUMMED_AT)))) {
    throw new Error('its checksum does not match');
  }
  const bodyAt = HEADER_AT + frame.readUInt32BE(SUMMED_AT);
  if (bodyAt > frame.length) throw new Error('its header is longer than itself');
  const header: unknown = JSON.parse(frame.toString('utf8', HEADER_AT, bodyAt));
  return { header, body: new Uint8Array(frame.subarray(bodyAt)) };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
