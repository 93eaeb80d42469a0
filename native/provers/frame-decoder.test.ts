import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FRAME_BYTES_MAX, FrameDecoder, framePrefix } from './frame-decoder.js';

test('gives back every message, wherever the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.infiniteStream(fc.nat(9)), (messages, cuts) => {
      const stream = Buffer.concat(messages.flatMap((message) => [framePrefix(message.length), message]));
      const decoder = new FrameDecoder();
      const received: Uint8Array[] = [];
      let at = 0;
      while (at < stream.length) {
        const bytes = cuts.next().value ?? 1;
        received.push(...decoder.push(stream.subarray(at, at + bytes)));
        at += bytes;
      }
      expect(received.map((message) => Buffer.from(message))).toEqual(messages.map((message) => Buffer.from(message)));
    }),
  );
});

test('refuses lengths that no message has', () => {
  expect(() => new FrameDecoder().push(Buffer.from('Scheme is: ultra_honk'))).toThrow(/no stream of frames/);
  expect(() => framePrefix(FRAME_BYTES_MAX + 1)).toThrow(/at most/);
});
