import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { packageRoot } from '../common/index.js';
import { type RunEvent, serializeBlock } from '../proto/index.js';
import { folderContent } from '../tests/support/folder-content.js';
import { type CommandRun, runCommand } from '../tests/support/run-command.js';
import { simulatedBlock, simulatedEngine } from '../tests/support/simulated-block.js';
import { fillDisk, smallDisk } from '../tests/support/small-disk.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import type { Manifest } from './manifest/index.js';

/** Faults of the folder that a block is proven into: said in one line, and the proofs in it are kept. */

/** Blocks of one private transaction: a base and a root. */
let block: string;
let otherBlock: string;

beforeAll(async () => {
  const engine = await simulatedEngine();
  block = serializeBlock(await simulatedBlock(engine, [0]));
  otherBlock = serializeBlock(await simulatedBlock(engine, [0], 2));
});

const ARGS = ['--prover', 'simulated', '--json'];

async function blockFolder(): Promise<string> {
  const cwd = await tempFolder();
  await writeFile(join(cwd, 'block.json'), block);
  await writeFile(join(cwd, 'other.json'), otherBlock);
  return cwd;
}

const provenIn = ({ events }: CommandRun) =>
  events.flatMap((event) => (event.kind === 'job-proven' ? [event.jobId] : []));
const kinds = ({ events }: CommandRun) => events.map(({ kind }) => kind);
const readManifest = async (folder: string) =>
  JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;

describe('an output folder that belongs to', () => {
  test('another block', async () => {
    const cwd = await blockFolder();
    expect(await runCommand(['prove', 'block.json', '--out', 'out', ...ARGS], { cwd })).toMatchObject({ exitCode: 0 });
    const before = folderContent(join(cwd, 'out'));
    expect(Object.keys(before)).toContain('root/proof');
    const other = await runCommand(['prove', 'other.json', '--out', 'out', ...ARGS], { cwd });
    expect(other).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /^error\[folder-mismatch\]: \S+\/out belongs to block \w{16}…, not to \w{16}…; choose another folder with --out\n$/,
      ),
    });
    expect(kinds(other)).not.toContain('job-started');
    expect(folderContent(join(cwd, 'out'))).toEqual(before);
    expect(provenIn(await runCommand(['prove', 'block.json', '--out', 'out', ...ARGS], { cwd }))).toEqual([]);
  });

  test('the same block with a prover of another SRS', async () => {
    const cwd = await blockFolder();
    const args = ['prove', 'block.json', '--out', 'out', ...ARGS];
    expect(await runCommand(args, { cwd })).toMatchObject({ exitCode: 0 });
    const path = join(cwd, 'out', 'run.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"srs":"none"', '"srs":"development"'));
    const before = folderContent(join(cwd, 'out'));
    expect(await runCommand(args, { cwd })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /^error\[folder-mismatch\]: \S+\/out holds proofs with the SRS development, and this run proves with none; choose another folder with --out\n$/m,
      ),
    });
    expect(folderContent(join(cwd, 'out'))).toEqual(before);
  });

  test('somebody else', async () => {
    const cwd = await blockFolder();
    await mkdir(join(cwd, 'out'));
    await writeFile(join(cwd, 'out', 'thesis.txt'), 'the only copy');
    const run = await runCommand(['prove', 'block.json', '--out', 'out', ...ARGS], { cwd });
    expect(run).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /^error\[folder-mismatch\]: \S+\/out is not empty and is no output folder \(it holds thesis\.txt\); choose another folder with --out\n$/,
      ),
    });
    expect(await readdir(join(cwd, 'out'))).toEqual(['thesis.txt']);
  });
});

test('a stored proof that is corrupt is noticed, reported and proven again, and nothing else is', async () => {
  const cwd = await blockFolder();
  const args = ['prove', 'block.json', '--out', 'out', '--keep-proofs', ...ARGS];
  const first = await runCommand(args, { cwd });
  expect(provenIn(first)).toHaveLength(2);
  const proofs = join(cwd, 'out', 'store', 'proofs');
  const [rootId = ''] = (await readdir(proofs)).filter((name) => name.startsWith('root'));
  const bytes = await readFile(join(proofs, rootId));
  bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
  await writeFile(join(proofs, rootId), bytes);

  const second = await runCommand(args, { cwd });
  expect(second).toMatchObject({ exitCode: 0 });
  expect(second.events.find((event) => event.kind === 'proof-corrupt')).toMatchObject({
    jobId: rootId,
    message: expect.stringMatching(/checksum/),
  });
  expect(provenIn(second)).toEqual([rootId]);
  const { jobs } = await readManifest(join(cwd, 'out'));
  expect(jobs.map(({ jobId, proofs: made }) => [jobId === rootId, made]).sort()).toEqual([
    [false, 1],
    [true, 2],
  ]);
});

test('--keep-proofs and then not: nothing is proven again, and no proof is taken away', async () => {
  const cwd = await blockFolder();
  const args = ['prove', 'block.json', '--out', 'out', ...ARGS];
  expect(provenIn(await runCommand([...args, '--keep-proofs'], { cwd }))).toHaveLength(2);
  const kept = folderContent(join(cwd, 'out', 'store'));
  expect(Object.keys(kept)).toHaveLength(2);
  const without = await runCommand(args, { cwd });
  expect(without).toMatchObject({ exitCode: 0 });
  expect(provenIn(without)).toEqual([]);
  expect(folderContent(join(cwd, 'out', 'store'))).toEqual(kept);
  expect((await readManifest(join(cwd, 'out'))).jobs.map(({ proofs }) => proofs)).toEqual([1, 1]);
});

test('stopped with --keep-proofs and gone on without: nothing is proven again, and only the root is kept', async () => {
  const cwd = await blockFolder();
  const args = ['prove', 'block.json', '--out', 'out', ...ARGS];
  const stop = new AbortController();
  const stopped = await runCommand([...args, '--keep-proofs'], {
    cwd,
    signal: stop.signal,
    onEvent: ({ kind }) => void (kind === 'job-proven' && stop.abort()),
  });
  expect(stopped).toMatchObject({ exitCode: 130 });
  const resumed = await runCommand(args, { cwd });
  expect(resumed).toMatchObject({ exitCode: 0 });
  expect([...provenIn(stopped), ...provenIn(resumed)].map((jobId) => jobId.split('.')[0])).toEqual([
    'base-rollup-private',
    'root-rollup-single',
  ]);
  expect(await readdir(join(cwd, 'out', 'store', 'proofs'))).toEqual([expect.stringMatching(/^root-rollup-single\./)]);
});

test.each<[string, (journal: string) => string]>([
  ['was emptied', () => ''],
  ['holds what is no record of a proof', () => '{}\n[]\nnull\n"base"\n{"jobId":7}\n'],
  ['has lines of bytes that came from elsewhere', (journal) => journal.replace(/^.{40}/gm, '\u0000'.repeat(40))],
  ['says another circuit', (journal) => journal.replaceAll('"circuit":"base-rollup-private"', '"circuit":"public-vm"')],
])('a journal that %s costs what it told, and nothing else', async (_, damage) => {
  const cwd = await blockFolder();
  const args = ['prove', 'block.json', '--out', 'out', ...ARGS];
  expect(await runCommand(args, { cwd })).toMatchObject({ exitCode: 0 });
  const journal = join(cwd, 'out', 'journal.jsonl');
  await writeFile(journal, damage(await readFile(journal, 'utf8')));
  for (let again = 0; again < 2; again++) {
    const run = await runCommand(args, { cwd });
    expect(run).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('the record of how 1 proof came to be is lost'),
    });
    expect(provenIn(run)).toEqual([]);
    const { jobs } = await readManifest(join(cwd, 'out'));
    expect(jobs.map(({ circuit, proofs, wallMs }) => [circuit, proofs, wallMs === null])).toEqual([
      ['base-rollup-private', 0, true],
      ['root-rollup-single', 1, false],
    ]);
  }
});

test('verify is told which folder it is, where it is given the one above', async () => {
  const cwd = await blockFolder();
  await runCommand(['prove', 'block.json', '--out', 'demo/proof', ...ARGS], { cwd });
  const above = await runCommand(['verify', 'demo'], { cwd });
  expect(above).toMatchObject({
    exitCode: 6,
    stderr: expect.stringMatching(
      /holds no proven block: there is no run\.json in it; run `espalier verify \S+\/demo\/proof`\n$/,
    ),
  });
});

test('two runs on one folder at once: the second is refused, and the first goes on', async () => {
  const cwd = await blockFolder();
  const main = join(packageRoot(import.meta.url), 'dist/cli/main.js');
  const args = [main, 'prove', 'block.json', '--out', 'out', ...ARGS];
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (let kind = ''; kind !== 'job-started'; ) kind = (JSON.parse((await lines.next()).value) as RunEvent).kind;

  const second = await runCommand(['prove', 'block.json', '--out', 'out', ...ARGS], { cwd });
  expect(second).toMatchObject({
    exitCode: 3,
    stderr: expect.stringMatching(
      new RegExp(
        `^error\\[folder-busy\\]: folder \\S+/out is in use by another run \\(process ${child.pid}, since \\S+\\); wait until it has ended, or choose another folder with --out\\n$`,
      ),
    ),
  });
  expect(kinds(second)).not.toContain('job-started');
  expect(await ended).toEqual([0, null]);
  expect((await readManifest(join(cwd, 'out'))).jobs.map(({ proofs }) => proofs)).toEqual([1, 1]);
});

test('a run that is stopped keeps what it finished, and the same command goes on from there', async () => {
  const cwd = await blockFolder();
  const args = ['prove', 'block.json', '--out', 'out', ...ARGS];
  const stop = new AbortController();
  const stopped = await runCommand(args, {
    cwd,
    signal: stop.signal,
    onEvent: ({ kind }) => void (kind === 'job-proven' && stop.abort()),
  });
  expect(stopped).toMatchObject({
    exitCode: 130,
    stderr: expect.stringMatching(
      /^error\[cancelled\]: .*; run the same command again: it goes on from the finished proofs\n$/,
    ),
  });
  expect(stopped.events.at(-1)).toMatchObject({ kind: 'block-failed', error: { code: 'cancelled' } });
  const resumed = await runCommand(args, { cwd });
  expect(resumed).toMatchObject({ exitCode: 0 });
  expect([...provenIn(stopped), ...provenIn(resumed)].map((jobId) => jobId.split('.')[0])).toEqual([
    'base-rollup-private',
    'root-rollup-single',
  ]);
});

describe('a disk that', () => {
  const disk = async (context: TestContext, options: string): Promise<string> =>
    smallDisk(options).catch((error) => context.skip(`a file system cannot be mounted here: ${error}`));

  test('is full: finished proofs are kept, and the run goes on from them once there is room', async (context) => {
    const out = join(await disk(context, 'size=4m'), 'out');
    const cwd = await blockFolder();
    const args = ['prove', 'block.json', '--out', out, ...ARGS];
    const ballast = join(out, '..', 'ballast');
    const full = await runCommand(args, {
      cwd,
      onEvent: ({ kind }) => void (kind === 'job-proven' && fillDisk(ballast)),
    });
    expect(full).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /^error\[disk-full\]: .*no space left.*; free some space and run the same command again; finished proofs are kept\n$/,
      ),
    });
    expect(provenIn(full)).toHaveLength(1);

    await rm(ballast);
    const resumed = await runCommand(args, { cwd });
    expect(resumed).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('error') });
    expect(provenIn(resumed)).toHaveLength(1);
    expect((await readManifest(out)).jobs.map(({ proofs }) => proofs)).toEqual([1, 1]);
  });

  test('may only be read', async (context) => {
    const out = await disk(context, 'ro');
    const run = await runCommand(['prove', 'block.json', '--out', out, ...ARGS], { cwd: await blockFolder() });
    expect(run).toMatchObject({
      exitCode: 5,
      stderr: expect.stringMatching(
        /^error\[store-unavailable\]: cannot lock \S+: EROFS.*; check that the folder is there, is on a disk that works and can be written by this user\n$/,
      ),
    });
  });
});

test('an output folder inside a file', async () => {
  const cwd = await blockFolder();
  const run = await runCommand(['prove', 'block.json', '--out', 'other.json/out', ...ARGS], { cwd });
  expect(run).toMatchObject({
    exitCode: 3,
    stderr: expect.stringMatching(
      /^error\[folder-mismatch\]: \S+\/other\.json\/out is not a folder; choose another folder with --out\n$/,
    ),
  });
  expect(await readFile(join(cwd, 'other.json'), 'utf8')).toBe(otherBlock);
});

describe('verify refuses', () => {
  test.each([
    [
      'a folder that is not there',
      'none',
      /\/none holds no proven block: there is no such folder; name a folder into /,
    ],
    [
      'a folder that is no output folder',
      '.',
      /holds no proven block: there is no run\.json in it; name a folder into /,
    ],
    ['a file', 'block.json', /\/block\.json is not a folder; name a folder into /],
  ])('%s', async (_, folder, line) => {
    expect(await runCommand(['verify', folder], { cwd: await blockFolder() })).toMatchObject({
      exitCode: 6,
      stdout: '',
      stderr: expect.stringMatching(new RegExp(`^error\\[verification-failed\\]: .*${line.source}.*\\n$`)),
    });
  });

  test('simulated proofs', async () => {
    const cwd = await blockFolder();
    await runCommand(['prove', 'block.json', '--out', 'out', ...ARGS], { cwd });
    expect(await runCommand(['verify', 'out'], { cwd })).toMatchObject({
      exitCode: 6,
      stderr:
        'error[verification-failed]: out: the proofs are simulated and prove nothing; prove the block with a real prover\n',
    });
  });

  test('a block that is not proven to the end', async () => {
    const cwd = await blockFolder();
    await mkdir(join(cwd, 'out'));
    await writeFile(join(cwd, 'out', 'run.json'), JSON.stringify({ version: 1, blockId: 'aa', srs: 'development' }));
    expect(await runCommand(['verify', 'out'], { cwd })).toMatchObject({
      exitCode: 6,
      stderr: expect.stringMatching(
        /^error\[verification-failed\]: \S+\/out: the block is not proven to the end: it has no root proof; run `espalier prove` with the block and this folder again: it goes on from the finished proofs\n$/,
      ),
    });
  });
});
