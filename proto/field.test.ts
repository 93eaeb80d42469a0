import { expect, test } from 'vitest';
import { fieldsFromBytes, fieldsToBytes, toHex } from './field.js';

test('field elements are 32 bytes each, big-endian, one after another', () => {
  const fields = [toHex(1n), toHex(0xabcn), toHex(2n ** 253n)];
  const bytes = fieldsToBytes(fields);
  expect(bytes).toHaveLength(96);
  expect([bytes[31], bytes[62], bytes[63], bytes[64]]).toEqual([1, 0x0a, 0xbc, 0x20]);
  expect(fieldsFromBytes(bytes)).toEqual(fields);
  // A part of a larger buffer, as those of files and sockets are.
  expect(fieldsFromBytes(bytes.subarray(32, 64))).toEqual([toHex(0xabcn)]);
  expect(fieldsFromBytes(new Uint8Array())).toEqual([]);
});

test('a text that was cut off is refused by name', () => {
  expect(() => fieldsFromBytes(new Uint8Array(33), 'public_inputs')).toThrow(
    'public_inputs has 33 bytes, no multiple of 32',
  );
});
