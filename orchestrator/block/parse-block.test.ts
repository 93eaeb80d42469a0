import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { type Block, serializeBlock, toHex, writeBlock } from '../../proto/index.js';
import { makeSampleBlock } from '../sample/index.js';
import { readBlock } from './block-file.js';
import { parseBlock } from './parse-block.js';

const hasher = await createHasher();
const block = await makeSampleBlock(hasher, {
  txs: 6,
  calls: [2, 0, 1],
  seed: 5,
  proveClient: async (_, index) => ({ proof: new Uint8Array([index, 255, 0]), srs: 'development' }),
});
const text = serializeBlock(block);

type Json = Record<string, never>;

/** The line that a block is refused with after a change to its JSON. */
function lineAfter(change: (json: Json) => void): string {
  const json = JSON.parse(text) as Json;
  change(json);
  return lineOf(() => parseBlock(json, hasher));
}

function lineOf(run: () => unknown): string {
  try {
    run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EspalierError);
    const error = thrown as EspalierError;
    expect(error.exitCode).toBe(2);
    expect(error.toLine()).not.toMatch(/\n/);
    return `[${error.code}] ${error.toLine()}`;
  }
  throw new Error('was not refused');
}

/** A change to the value at a path. */
const put =
  (path: string, value: unknown) =>
  (json: Json): void => {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    const holder = steps.reduce<Record<string, unknown>>((at, step) => at[step] as Record<string, unknown>, json);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  };

const MODULUS = '0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001';
const first = block.contracts[0] ?? expect.fail('the sample has contracts');

test('a block is the same after writing and parsing', () => {
  expect(parseBlock(JSON.parse(text), hasher)).toEqual(block);
});

test.each<[string, unknown, string]>([
  [
    'transactions.3.calls.1.calldata.0',
    'x',
    '[block-invalid] tx 3, call 1, calldata 0: "x" is not allowed; allowed: 0x and up to 64 hex',
  ],
  ['transactions.2.sender', MODULUS, `[block-invalid] tx 2, sender: "${MODULUS}" is not allowed; allowed: 0x and`],
  [
    'transactions.0.nullifier',
    7,
    '[block-invalid] tx 0, nullifier: 7 is not allowed; allowed: a field element as 0x text',
  ],
  [
    'transactions.0.calls.0.gasLimit',
    4097,
    '[block-invalid] tx 0, call 0, gasLimit: 4097 is not allowed; allowed: an integer, 1 to 4096',
  ],
  ['transactions.0.calls.0.gasLimit', 0, 'gasLimit: 0 is not allowed'],
  ['transactions.0.calls.0.gasLimit', 1.5, 'gasLimit: 1.5 is not allowed; allowed: an integer, 1 to 4096'],
  ['transactions.0.calls.0.gasLimit', '9', 'gasLimit: "9" is not allowed; allowed: an integer, 1 to 4096'],
  ['transactions.0.calls.0.gas', 4, '[block-invalid] tx 0, call 0: unknown field "gas"; remove it'],
  [
    'transactions.0.calls.0.calldata',
    new Array(9).fill('0x1'),
    'tx 0, call 0, calldata: a list of 9 is not allowed; allowed: 0 to 8 words',
  ],
  ['transactions', [], '[block-invalid] transactions: a list of 0 is not allowed; allowed: 1 to 65536 transactions'],
  ['transactions', undefined, '[block-invalid] transactions: missing; allowed: a list of transactions'],
  [
    'transactions.1.clientProof.proof',
    'a',
    'tx 1, clientProof, proof: "a" is not allowed; allowed: base64 of at most 32768 bytes',
  ],
  [
    'transactions.1.clientProof.proof',
    'A'.repeat(43_696),
    '(43698 characters) is not allowed; allowed: base64 of at most 32768',
  ],
  ['transactions.1.clientProof.srs', 'mine', 'srs: "mine" is not allowed; allowed: canonical, development, none'],
  ['version', 2, '[block-invalid] version: 2 is not allowed; allowed: 1, the version'],
  ['contracts.1.name', 'a b', 'contract 1, name: "a b" is not allowed; allowed: 1 to 64 letters'],
  ['contracts.1.name', 'token', '[block-invalid] contract 1 (token): contract 0 has that name too; rename'],
  ['contracts.1.address', toHex(first.address), 'contract 1 (counter): contract 0 has that address too; drop one'],
  ['contracts.1.salt', '0x1', '[block-invalid] contract 1 (counter): address 0x'],
  [
    'contracts.1.source',
    'stor r1 r2',
    '[block-invalid] contract 1 (counter), line 1: unknown instruction "stor"; use one of',
  ],
  ['start.storage.1.slot', 3, 'start, storage 1, slot: 3 is not allowed'],
  ['start.nullifiers', ['0x1', '0x1'], 'start, nullifier 1: the same as nullifier 0, 0x'],
  [
    'transactions.3.calls.1.contract',
    '0x2a',
    `[block-invalid] tx 3, call 1: unknown contract ${toHex(42n)}; add it to contracts; known: token 0x`,
  ],
])('refuses %s = %j', (path, value, expected) => {
  expect(lineAfter(put(path, value))).toContain(expected);
});

test('refuses a nullifier spent twice, in the block or before it, naming both', () => {
  const nullifier = toHex(block.transactions[1]?.nullifier ?? 0n);
  expect(lineAfter(put('transactions.4.nullifier', nullifier))).toBe(
    `[duplicate-nullifier] tx 1 and tx 4 spend one nullifier, ${nullifier}; drop one of them`,
  );
  expect(lineAfter(put('start.nullifiers', [nullifier]))).toContain(
    `[duplicate-nullifier] tx 1: nullifier ${nullifier} is already spent in the state the block starts from`,
  );
});

test('refuses one slot set twice', () => {
  const line = lineAfter((json) => {
    const { storage } = (json as unknown as { start: { storage: unknown[] } }).start;
    storage.push(storage[0]);
  });
  expect(line).toContain('start, storage 6: storage 0 sets slot 0x');
});

test('whatever stands anywhere in the file, the answer is a block or one line', () => {
  const paths: string[] = [];
  const collect = (value: unknown, path: string): void => {
    if (path !== '') paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [step, part] of Object.entries(value)) collect(part, path === '' ? step : `${path}.${step}`);
  };
  collect(JSON.parse(text), '');
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
      const json = JSON.parse(text) as Json;
      put(path, value)(json);
      let parsed: Block;
      try {
        parsed = parseBlock(json, hasher);
      } catch {
        lineOf(() => parseBlock(json, hasher));
        return;
      }
      expect(parseBlock(JSON.parse(serializeBlock(parsed)), hasher)).toEqual(parsed);
    }),
    { numRuns: 150 },
  );
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-block-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

test('writes a file whole and reads it again', async () => {
  const path = join(folder, 'block.json');
  await writeBlock(path, block);
  expect(await readBlock(path, hasher)).toEqual(block);
  expect(await readdir(folder)).toEqual(['block.json']);
});

test.each([
  ['text.json', 'hello\nworld', 'text.json: not JSON: '],
  ['list.json', '[1]', 'list.json: a list of 1 is not allowed'],
  ['null.json', 'null', 'null.json: null is not allowed'],
])('says in one line what is wrong with %s', async (name, content, expected) => {
  const path = join(folder, name);
  await writeFile(path, content);
  const error = await readBlock(path, hasher).then(
    () => expect.fail('was read'),
    (thrown: EspalierError) => thrown,
  );
  expect(error.code).toBe('block-invalid');
  expect(error.toLine()).toContain(expected);
  expect(error.toLine()).not.toMatch(/\n/);
});

test('says which file is not there, and that a folder is none', async () => {
  await expect(readBlock(join(folder, 'none.json'), hasher)).rejects.toThrow(
    'none.json: cannot be read: there is no such file',
  );
  await expect(readBlock(folder, hasher)).rejects.toThrow('cannot be read: it is a folder');
  await expect(writeBlock(join(folder, 'no', 'such', 'folder.json'), block)).rejects.toMatchObject({ code: 'usage' });
});
