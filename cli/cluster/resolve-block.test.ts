import { expect, it } from 'vitest';
import { resolveBlock } from './resolve-block.js';

const IDS = ['abcdef0123', 'abcdef0199', '0123456789'].map((id) => id.padEnd(64, '0'));
const resolve = (text: string) => resolveBlock(text, 'espalier', async () => [...IDS, ...IDS]);

it('finds the one block that begins so, among open ones and results', async () => {
  expect(await resolve('012345')).toBe(IDS[2]);
  expect(await resolve('ABCDEF012')).toBe(IDS[0]);
});

it('takes a whole id as it is, known or not', async () => {
  expect(await resolve('9'.repeat(64))).toBe('9'.repeat(64));
});

it.each(['abcde', '', 'block.json', '0x012345', '0'.repeat(65)])('refuses %j', async (text) => {
  await expect(resolve(text)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(`got "${text}"`),
  });
});

it('names the blocks that a beginning fits, or says that it fits none', async () => {
  await expect(resolve('abcdef')).rejects.toMatchObject({
    code: 'usage',
    message: 'abcdef is the beginning of 2 blocks: abcdef012300, abcdef019900',
    remedy: 'add some digits',
  });
  await expect(resolve('ffffff')).rejects.toMatchObject({ code: 'block-unknown' });
});
