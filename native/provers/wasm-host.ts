import { createWriteStream } from 'node:fs';
import { BackendType, Barretenberg } from '@aztec/bb.js';
import { FrameDecoder, framePrefix } from './frame-decoder.js';

/**
 * The program of a WASM prover's process: `node wasm-host.js THREADS`. Speaks what `bb msgpack run` speaks, frames of
 * msgpack on stdin and stdout, and hands them to Barretenberg in WASM, which blocks this thread while it works.
 */
const replies = createWriteStream('', { fd: 1 });
// Whatever else writes to stdout would break the frames.
process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;

const api = await Barretenberg.new({
  backend: BackendType.Wasm,
  threads: Number(process.argv[2]),
  skipSrsInit: true,
});
// The generated API is in the parent; only bytes pass here.
const backend = api['backend'];
const decoder = new FrameDecoder();
let last: Promise<void> = Promise.resolve();

process.stdin.on('data', (chunk: Buffer) => {
  for (const message of decoder.push(chunk)) last = last.then(() => answer(message));
});
process.stdin.on('end', () => process.exit());

async function answer(message: Uint8Array): Promise<void> {
  const reply = await backend.call(message).catch(errorResponse);
  replies.write(framePrefix(reply.length));
  replies.write(reply);
}

/** `["ErrorResponse", { message }]` in msgpack: what `bb` answers when it throws. */
function errorResponse(error: unknown): Uint8Array {
  const text = Buffer.from(error instanceof Error ? error.message : String(error));
  const fixed = (value: string) => Buffer.concat([Buffer.from([0xa0 | value.length]), Buffer.from(value)]);
  const length = Buffer.alloc(5, 0xdb);
  length.writeUInt32BE(text.length, 1);
  return Buffer.concat([Buffer.of(0x92), fixed('ErrorResponse'), Buffer.of(0x81), fixed('message'), length, text]);
}
