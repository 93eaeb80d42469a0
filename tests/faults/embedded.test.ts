import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../common/index.js';
import { submitBlock } from '../../orchestrator/index.js';
import { type Block, type BlockId, blockId } from '../../proto/index.js';
import { MemoryBlockBoard } from '../../queue/index.js';
import { BlockStore, FileBlobStore } from '../../store/index.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { Program } from './support/program.js';

/** `espalier orchestrator --embedded`: one process, which is killed. */

const CLI = join(packageRoot(import.meta.url), 'dist', 'cli', 'main.js');

let folder: string;
const programs: Program[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-embedded-'));
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.end()));
  await rm(folder, { recursive: true, force: true });
});

function launch(...args: readonly string[]): Program {
  const all = [
    'orchestrator',
    '--embedded',
    '--store',
    folder,
    '--prover',
    'simulated',
    '--json',
    '--listen',
    'off',
    ...args,
  ];
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, ESPALIER_CACHE: join(folder, 'cache') };
  const program = new Program('embedded', [CLI, ...all], env);
  programs.push(program);
  return program;
}

async function start(...args: readonly string[]): Promise<Program> {
  const program = launch(...args);
  await program.until(({ kind, orchestratorId }) => kind === 'ready' && orchestratorId !== undefined);
  return program;
}

/** Puts a block up where nobody has the folder. */
async function submit(block: Block): Promise<BlockId> {
  const blobs = await FileBlobStore.open(join(folder, 'store'));
  const board = await MemoryBlockBoard.open({ records: blobs });
  await submitBlock(block, { board, blocks: new BlockStore(blobs) });
  return blockId(block);
}

async function folders(): Promise<readonly string[]> {
  const entries = await readdir(join(folder, 'store'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath }) => parentPath.slice(folder.length + 7));
}

test('goes on with its open blocks and finished proofs when it is killed, and leaves what a cluster leaves', async () => {
  const engine = await simulatedEngine();
  const blocks = [await simulatedBlock(engine, [1, 1, 1]), await simulatedBlock(engine, [1], 7)];
  const ids = [];
  for (const block of blocks) ids.push(await submit(block));
  const first = await start('--simulate-ms', '150', '--cores', '2', '--memory', '8');
  let proofs = 0;
  await first.until(({ kind }) => kind === 'job-proven' && ++proofs === 3);
  first.kill('SIGKILL');
  await first.exited;
  const proven = new Set(first.events.filter(({ kind }) => kind === 'job-proven').map(({ jobId }) => jobId));

  const second = await start('--simulate-ms', '10', '--cores', '2', '--memory', '8');
  for (const id of ids) await second.until((event) => event.kind === 'block-proven' && event['blockId'] === id);
  const again = second.events.filter(({ kind, jobId }) => kind === 'job-proven' && proven.has(jobId));
  expect(again).toEqual([]);
  const strays = async () => (await folders()).filter((path) => !/^(blocks|results|proofs)/.test(path));
  await expect.poll(strays, { timeout: 10_000 }).toEqual([]);
  second.kill('SIGTERM');
  expect(await second.exited).toEqual({ code: 0, signal: null });
  expect(second.events.at(-1)).toMatchObject({ kind: 'ended' });
  const left = await folders();
  expect(left.filter((path) => path === 'proofs')).toHaveLength(blocks.length);
  const store = new BlockStore(await FileBlobStore.open(join(folder, 'store')));
  for (const id of ids) expect(await store.getResult(id)).toMatchObject({ state: 'proven' });
  // Who proved what is known though some of it was proven before, and is gone.
  expect(await store.getCredits(ids[0] ?? '')).toHaveLength(3 * 3 + 2);
});

test('a second process is refused the folder, and the next one gets it', async () => {
  const first = await start();
  const second = launch();
  expect(await second.exited).toEqual({ code: 3, signal: null });
  expect(second.output).toMatch(/^error\[folder-busy\]: .* is in use by another run .*--store/m);
  first.kill('SIGTERM');
  await first.exited;
  await start();
});
