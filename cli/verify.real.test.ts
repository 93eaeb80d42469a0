import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheFolder } from '../common/index.js';
import { type CommandRun, runCommand } from '../tests/support/run-command.js';
import { tempFolder } from '../tests/support/temp-folder.js';

/**
 * What `verify` refuses of a real proof that was tampered with. One block is proven for all tests: the cheapest there
 * is, of one private transaction. `prove` must refuse the same block with another client proof.
 */
let folder: string;
/** The user's own cache: keys, development SRS and the bb bound to it. */
const env = { ESPALIER_CACHE: cacheFolder(process.env) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-test-'));
  for (const seed of ['1', '2']) {
    const args = ['block', 'new', '--txs', '1', '--calls', '0', '--seed', seed, '--srs', 'dev', '-o', `${seed}.json`];
    expect(await runCommand(args, { cwd: folder, env })).toMatchObject({ exitCode: 0 });
  }
  const run = await runCommand(['prove', '1.json', '--out', 'out', '--srs', 'dev'], { cwd: folder, env });
  expect(run.stderr).not.toContain('error');
  expect(run.exitCode).toBe(0);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Verifies a copy of the finished folder in which one file was changed. */
async function verifyChanged(file: string, change: (bytes: Buffer) => Buffer | Promise<Buffer>): Promise<CommandRun> {
  const cwd = await tempFolder();
  await cp(join(folder, 'out'), join(cwd, 'out'), { recursive: true });
  const path = join(cwd, 'out', file);
  await writeFile(path, await change(await readFile(path)));
  return runCommand(['verify', 'out'], { cwd, env });
}

function flip(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

const refused = (reason: RegExp, exitCode = 6) => ({
  exitCode,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^error\\[[a-z-]+\\]: .*${reason.source}.*; [^\\n]+\\n$`)),
});

test('verifies as it is, and says with what', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['verify', 'out'], { cwd: folder, env });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/^verified: the root proof of block \w{64}\n {2}transactions 1, gas used 0\n/);
  expect(stdout).toMatch(
    /\n {2}keys 0x\w{64} \(the published set\)\n {2}SRS development: anyone can forge such proofs/,
  );
  const json = JSON.parse((await runCommand(['verify', 'out', '--json'], { cwd: folder, env })).stdout);
  expect(json).toMatchObject({ verified: true, srs: 'development', transactions: 1, keysArePublished: true });
});

test('needs no SRS and nothing that proving has left in the cache', async () => {
  const ESPALIER_CACHE = await tempFolder();
  const run = await runCommand(['verify', 'out'], { cwd: folder, env: { ESPALIER_CACHE } });
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  expect(existsSync(join(ESPALIER_CACHE, 'srs', 'development'))).toBe(false);
});

test('what it proved is remembered as measured on this machine', async () => {
  const { stdout } = await runCommand(['circuits', '--srs', 'dev'], { cwd: folder, env });
  for (const circuit of ['client', 'base-rollup-private', 'root-rollup-single']) {
    expect(stdout).toMatch(new RegExp(`^${circuit} .* \\(native, \\d+ threads?, \\d+ proofs?\\)$`, 'm'));
  }
});

test('refuses a proof in which one bit was changed, wherever it is', async () => {
  const { length } = await readFile(join(folder, 'out', 'root', 'proof'));
  for (const at of [31, length >> 1, length - 1]) {
    expect(await verifyChanged('root/proof', (bytes) => flip(bytes, at))).toMatchObject(
      refused(/the root proof does not verify with the key 0x\w{64} of root-rollup-single/),
    );
  }
  expect(await verifyChanged('root/proof', (bytes) => bytes.subarray(32))).toMatchObject(refused(/does not verify/));
});

test.each([
  [0, 'keys hash'],
  [2, 'end root'],
  [4, 'gas used'],
])('refuses public inputs of which number %i, the %s, was changed', async (index, name) => {
  expect(await verifyChanged('root/public_inputs', (bytes) => flip(bytes, 32 * index + 31))).toMatchObject(
    refused(new RegExp(`the root proof's ${name} is 0x\\w{64}, and the block's is 0x\\w{64}`)),
  );
});

test('refuses public inputs that are too few, or no field elements', async () => {
  expect(await verifyChanged('root/public_inputs', (bytes) => bytes.subarray(32))).toMatchObject(
    refused(/the root proof exposes 5 values, and must expose 6/),
  );
  expect(await verifyChanged('root/public_inputs', (bytes) => bytes.subarray(1))).toMatchObject(
    refused(/public_inputs has 191 bytes, no multiple of 32/),
  );
});

test('refuses the block of another folder, changed or not', async () => {
  const other = await readFile(join(folder, '2.json'));
  expect(await verifyChanged('block.json', () => other)).toMatchObject(
    refused(/out\/block\.json is block \w{64}, and the folder is of block \w{64}/),
  );
  // Also where the folder's own note of the block was changed with it: the proof is of another one.
  const cwd = await tempFolder();
  await cp(join(folder, 'out'), join(cwd, 'out'), { recursive: true });
  await writeFile(join(cwd, 'out', 'block.json'), other);
  const mismatch = await runCommand(['verify', 'out'], { cwd, env });
  const [, blockId = ''] = /is block (\w{64})/.exec(mismatch.stderr) ?? [];
  await writeFile(join(cwd, 'out', 'run.json'), JSON.stringify({ version: 1, blockId, srs: 'development' }));
  expect(await runCommand(['verify', 'out'], { cwd, env })).toMatchObject(refused(/the root proof's \w+( \w+)* is 0x/));
});

test('refuses a key that is not the published one', async () => {
  expect(await verifyChanged('root/vk', (bytes) => flip(bytes, 200))).toMatchObject(
    refused(/root\/vk is not the published key 0x\w{64} of root-rollup-single/),
  );
});

test('refuses, at once, what was made with another SRS than the one that is accepted', async () => {
  const run = await runCommand(['verify', 'out', '--srs', 'canonical'], { cwd: folder, env });
  expect(run).toMatchObject(refused(/out: made with the development SRS, and only canonical is accepted/));
});

test('a client proof of another transaction is refused before any work', async () => {
  const cwd = await tempFolder();
  const [block, other] = await Promise.all(
    ['1.json', '2.json'].map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))),
  );
  block.transactions[0].clientProof = other.transactions[0].clientProof;
  await writeFile(join(cwd, 'block.json'), JSON.stringify(block));
  const run = await runCommand(['prove', 'block.json', '--srs', 'dev'], { cwd, env });
  expect(run).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^error\[client-proof-invalid\]: tx 0: the client proof does not verify for sender /),
  });
  expect(run.events.map(({ kind }) => kind)).not.toContain('job-started');
  const simulated = await runCommand(['prove', 'block.json', '--prover', 'simulated'], { cwd, env });
  expect(simulated).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(
      /^error\[client-proof-invalid\]: tx 0: the client proof was made with the development SRS, and this run proves with no SRS \(simulated\); /,
    ),
  });
});
