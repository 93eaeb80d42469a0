import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { EspalierError } from './errors.js';
import { storeError } from './store-error.js';

test('a full disk is said to be full, with what to do', async () => {
  const thrown: unknown = await writeFile('/dev/full', 'x').catch((error: unknown) => error);
  const error = storeError('write', 'out/proofs/a', thrown);
  expect(error).toMatchObject({ code: 'disk-full', cause: thrown });
  expect(error.toLine()).toMatch(/^cannot write out\/proofs\/a: no space left .*; free some space/);
});

test('anything else makes the store unavailable, in the words of the system', async () => {
  const thrown: unknown = await writeFile('/proc/none', 'x').catch((error: unknown) => error);
  expect(storeError('write', 'a', thrown)).toMatchObject({
    code: 'store-unavailable',
    message: expect.stringContaining('ENOENT'),
  });
});

test('what has a code already keeps it', () => {
  const error = new EspalierError('folder-busy', 'in use');
  expect(storeError('lock', 'out', error)).toBe(error);
});
