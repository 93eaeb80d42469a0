import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempName } from '../../common/index.js';
import { readBlockIdentity, sourceOf, TEXT_TRANSACTIONS_MAX } from '../../proto/index.js';
import { paddedBlock } from '../../tests/support/block-pieces.js';
import { simulatedBlock, simulatedEngine } from '../../tests/support/simulated-block.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { OutputFolder, readFinished } from './output-folder.js';

const FACTS = { blockId: 'aa', srs: 'none' } as const;
/** As `writeFileAtomically` names here what is not finished; no process has this id. */
const unfinished = (name: string) => ownUnfinished.replace(/^x~/, `${name}~`);
const ownUnfinished = tempName('x').replace(/~\d+~[^~]*(~[0-9a-f]{12})$/, '~4194305~1-00000000$1');

test.each(['block.json', 'run.json'])('a run killed while it wrote %s goes on in the same folder', async (name) => {
  const engine = await simulatedEngine();
  const path = await tempFolder();
  await writeFile(join(path, unfinished(name)), '{"ver');
  const folder = await OutputFolder.open(path, FACTS);
  await folder.claim(sourceOf(await simulatedBlock(engine, [0])));
  await folder.close();
  expect((await readdir(path)).filter((file) => !file.startsWith('.lock')).sort()).toEqual([
    'block.json',
    'journal.jsonl',
    'run.json',
  ]);
});

test('a large block is kept as lines, and read from there again', async () => {
  const path = await tempFolder();
  const source = sourceOf(paddedBlock(TEXT_TRANSACTIONS_MAX + 1, 1));
  const folder = await OutputFolder.open(path, { ...FACTS, blockId: source.id });
  await folder.claim(source);
  await folder.close();
  expect(await readdir(path)).toContain('block.jsonl');
  expect(await readBlockIdentity(join(path, 'block.jsonl'))).toMatchObject({ blockId: source.id });
  await mkdir(join(path, 'root'));
  for (const name of ['proof', 'public_inputs', 'vk']) await writeFile(join(path, 'root', name), '');
  expect((await readFinished(path)).blockPath).toBe(join(path, 'block.jsonl'));
});

test('unfinished files of other names are none of ours', async () => {
  const path = await tempFolder();
  await writeFile(join(path, unfinished('thesis.txt')), 'the only copy');
  await expect(OutputFolder.open(path, FACTS)).rejects.toMatchObject({ code: 'folder-mismatch' });
  expect(await readdir(path)).toEqual([unfinished('thesis.txt')]);
});
