import type { BlockPart } from '../block-part.js';
import { blockJson } from './block-json.js';
import { storedSchemas } from './block-schema.js';

const LENGTH_BYTES = 4;

/**
 * A part as bytes, for the store and for what lies on a disk in between: the length of a JSON text (4 bytes, big-endian),
 * the text, with the length of each client proof in its place, and then the proofs one after another.
 */
export function encodePart(part: BlockPart): Uint8Array {
  const proofs = part.kind === 'transactions' ? part.transactions.map(({ clientProof }) => clientProof.proof) : [];
  const text = Buffer.from(JSON.stringify(blockJson(part, ({ length }) => length)));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, ...proofs]);
}

/** Throws an `Error` (or one of zod's) for what no part was encoded as. What it returns shares no memory with `bytes`. */
export function decodePart(bytes: Uint8Array): BlockPart {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const textEnd = LENGTH_BYTES + (buffer.length < LENGTH_BYTES ? 0 : buffer.readUInt32BE());
  if (textEnd > buffer.length) throw new Error('it is cut short');
  const part = storedSchemas.part.parse(JSON.parse(buffer.toString('utf8', LENGTH_BYTES, textEnd)));
  let at = textEnd;
  const take = (length: number): Uint8Array => {
    at += length;
    if (at > buffer.length) throw new Error('its proofs are cut short');
    return new Uint8Array(buffer.subarray(at - length, at));
  };
  const decoded: BlockPart =
    part.kind !== 'transactions'
      ? part
      : {
          kind: 'transactions',
          transactions: part.transactions.map(({ clientProof: { proof, srs }, ...transaction }) => ({
            ...transaction,
            clientProof: { proof: take(proof), srs },
          })),
        };
  if (at !== buffer.length) throw new Error(`${buffer.length - at} bytes follow its end`);
  return decoded;
}
