import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tempFolder } from '../../tests/support/temp-folder.js';
import type { Block } from '../block.js';
import { BlockFile, readBlockParts, writeBlock, writeBlockParts } from './block-file.js';
import { collectBlock, partsOf } from './block-parts.js';

const block: Block = {
  version: 1,
  start: {
    storage: Array.from({ length: 1_200 }, (_, index) => ({ contract: 1n, slot: BigInt(index), value: 2n })),
    nullifiers: [4n, 5n],
  },
  contracts: ['a', 'b'].map((name) => ({ name, address: BigInt(name.charCodeAt(0)), salt: 0n, source: 'return r0\n' })),
  transactions: Array.from({ length: 7 }, (_, index) => ({
    sender: BigInt(index),
    nullifier: BigInt(100 + index),
    calls: [{ contract: 97n, calldata: [1n, BigInt(index)], gasLimit: 9 }],
    clientProof: { proof: new Uint8Array(400_000 / 20).fill(index), srs: 'none' as const },
  })),
};

async function written(change: (lines: string[]) => string[] = (lines) => lines): Promise<string> {
  const path = join(await tempFolder(), 'block.jsonl');
  await writeBlockParts(path, partsOf(block));
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  await writeFile(path, `${change(lines).join('\n')}\n`);
  return path;
}

const read = (path: string) => collectBlock(readBlockParts(path));

async function refusalOf(change: (lines: string[]) => string[]): Promise<string> {
  return read(await written(change)).then(
    () => 'read',
    (thrown) => `[${thrown.code}] ${thrown.toLine()}`,
  );
}

test('a block is the same in a file of lines as in one of one text', async () => {
  const path = await written();
  expect(await read(path)).toEqual(block);
  const text = `${path}.json`;
  await writeBlock(text, block);
  expect(await read(text)).toEqual(block);
  expect((await readFile(path, 'utf8')).split('\n', 1)).toEqual(['{"version":1,"format":"lines"}']);
});

test('any transaction of a file of lines can be read by itself', async () => {
  const file = await BlockFile.open(await written((lines) => lines.flatMap((line) => [line, ''])));
  await collectBlock(file.parts());
  for (const index of [6, 0, 3, 3]) expect(await file.transaction(index)).toEqual(block.transactions[index]);
  await expect(file.transaction(7)).rejects.toThrow('there is no transaction 7');
  await file.close();
});

test('a file that changed after it was read is told of', async () => {
  const path = await written();
  const file = await BlockFile.open(path);
  await collectBlock(file.parts());
  await writeFile(path, Buffer.alloc((await readFile(path)).length, 'x'));
  await expect(file.transaction(2)).rejects.toMatchObject({ code: 'block-invalid' });
  await file.close();
});

test.each<[string, (lines: string[]) => string[], string]>([
  [
    'cut short',
    (lines) => [...lines.slice(0, -1), (lines.at(-1) ?? '').slice(0, 99)],
    'block.jsonl: line 13: not JSON: ',
  ],
  ['without transactions', (lines) => lines.slice(0, 6), 'block.jsonl: the block has no transaction'],
  ['with two headers', ([first = '', ...lines]) => [first, first, ...lines], 'line 2: header come after header'],
  [
    'out of order',
    (lines) => lines.toSpliced(5, 0, ...lines.splice(8, 1)),
    'line 7: contracts come after transactions',
  ],
  ['of another version', ([, ...lines]) => ['{"version":3,"format":"lines"}', ...lines], 'line 1: version: 3 is not'],
  ['of another format', ([, ...lines]) => ['{"version":1,"format":"cbor"}', ...lines], 'line 1: format: "cbor" is not'],
  [
    'with a line of its own',
    (lines) => [...lines, '{"more":1}'],
    'line 14: a line of more is not allowed; allowed: one of',
  ],
  ['with a list', (lines) => [...lines, '[]'], 'line 14: a list of 0 is not allowed'],
  [
    'with a bad value',
    (lines) => lines.map((line, index) => (index === 9 ? line.replace('"gasLimit":9', '"gasLimit":0') : line)),
    'block.jsonl: line 10: tx 3, call 0, gasLimit: 0 is not allowed; allowed: an integer, 1 to 4096',
  ],
  [
    'with a bad slot',
    (lines) => lines.map((line, index) => (index === 2 ? line.replace(/"slot":"0x/, '"slot":"1x') : line)),
    'line 3: start, storage 500, slot: "1x',
  ],
  ['with a line too long', (lines) => [...lines, 'x'.repeat(2_200_000)], 'line 14: more than 2097152 bytes'],
])('refuses a file of lines %s, naming the place', async (_, change, expected) => {
  expect(await refusalOf(change)).toContain(expected);
});

test('whatever is done to the bytes of a file of lines, the answer is a block or one line', async () => {
  const path = await written();
  const bytes = await readFile(path);
  const small = Buffer.concat([bytes.subarray(0, 400), bytes.subarray(-27_000)]);
  await fc.assert(
    fc.asyncProperty(fc.nat(small.length - 1), fc.uint8Array({ minLength: 1, maxLength: 4 }), async (at, damage) => {
      const damaged = Buffer.from(small);
      damaged.set(damage.subarray(0, damaged.length - at), at);
      await writeFile(path, damaged);
      await read(path).catch((thrown) => {
        expect(thrown.code).toBe('block-invalid');
        expect(thrown.toLine()).not.toMatch(/\n/);
      });
    }),
    { numRuns: 60 },
  );
});
