import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cacheFolder } from '../../common/index.js';
import { type CommandRun, runCommand } from '../support/run-command.js';
import { tempFolder } from '../support/temp-folder.js';

/** The user's own cache: keys, development SRS and the bb bound to it. */
const env = { ESPALIER_CACHE: cacheFolder(process.env) };

/**
 * What `verify` refuses of a real proof that was tampered with, and `prove` of a block with another's client proof.
 * `folder` has a block `block.json` of three transactions, proven into `block.proof`. A suite and no file of its own, so
 * that the one block that `prove-block.real.test.ts` proves serves both: proving one takes minutes.
 */
export function describeVerify(folder: () => string): void {
  describe('verify', () => {
    const proven = new ProvenFolder(folder);
    /** The block of someone else. Its root is of the same circuit. */
    beforeAll(async () => {
      const args = ['block', 'new', '--txs', '2', '--calls', '0', '--seed', '2', '--srs', 'dev', '-o', 'other.json'];
      expect(await runCommand(args, { cwd: folder(), env })).toMatchObject({ exitCode: 0 });
    });
    describeAccepted(proven);
    describeChangedProof(proven);
    describeOthers(proven);
    describeClientProofs(proven);
  });
}

class ProvenFolder {
  constructor(private readonly folder: () => string) {}

  get path(): string {
    return this.folder();
  }

  read(file: string): Promise<Buffer> {
    return readFile(join(this.path, file));
  }

  /** A copy of what was proven, to change. */
  async copy(): Promise<string> {
    const cwd = await tempFolder();
    await cp(join(this.path, 'block.proof'), join(cwd, 'out'), { recursive: true });
    return cwd;
  }

  /** Verifies a copy in which one file was changed. */
  async verifyChanged(file: string, change: (bytes: Buffer) => Buffer | Promise<Buffer>): Promise<CommandRun> {
    const cwd = await this.copy();
    const path = join(cwd, 'out', file);
    await writeFile(path, await change(await readFile(path)));
    return runCommand(['verify', 'out'], { cwd, env });
  }
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

function describeAccepted(proven: ProvenFolder): void {
  test('verifies as it is, and says with what', async () => {
    const { exitCode, stdout, stderr } = await runCommand(['verify', 'block.proof'], { cwd: proven.path, env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^verified: the root proof of block \w{64}\n {2}transactions 3, gas used [\d,]+\n/);
    expect(stdout).toMatch(
      /\n {2}keys 0x\w{64} \(the published set\)\n {2}SRS development: anyone can forge such proofs/,
    );
    const { stdout: text } = await runCommand(['verify', 'block.proof', '--json'], { cwd: proven.path, env });
    expect(JSON.parse(text)).toMatchObject({
      ...{ verified: true, srs: 'development', transactions: 3, keysArePublished: true },
    });
  });

  test('needs no SRS and nothing that proving has left in the cache', async () => {
    const ESPALIER_CACHE = await tempFolder();
    const run = await runCommand(['verify', 'block.proof'], { cwd: proven.path, env: { ESPALIER_CACHE } });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(existsSync(join(ESPALIER_CACHE, 'srs', 'development'))).toBe(false);
  });

  test('what it proved is remembered as measured on this machine', async () => {
    const { stdout } = await runCommand(['circuits', '--srs', 'dev'], { cwd: proven.path, env });
    for (const circuit of ['client', 'base-rollup-private', 'root-rollup']) {
      expect(stdout).toMatch(new RegExp(`^${circuit} .* \\(native, \\d+ threads?, \\d+ proofs?\\)$`, 'm'));
    }
  });
}

function describeChangedProof(proven: ProvenFolder): void {
  test('refuses a proof in which one bit was changed, wherever it is', async () => {
    const { length } = await proven.read('block.proof/root/proof');
    for (const at of [31, length >> 1, length - 1]) {
      expect(await proven.verifyChanged('root/proof', (bytes) => flip(bytes, at))).toMatchObject(
        refused(/the root proof does not verify with the key 0x\w{64} of root-rollup/),
      );
    }
    expect(await proven.verifyChanged('root/proof', (bytes) => bytes.subarray(32))).toMatchObject(
      refused(/does not verify/),
    );
  });

  test.each([
    [0, 'keys hash'],
    [2, 'end root'],
    [4, 'gas used'],
  ])('refuses public inputs of which number %i, the %s, was changed', async (index, name) => {
    expect(await proven.verifyChanged('root/public_inputs', (bytes) => flip(bytes, 32 * index + 31))).toMatchObject(
      refused(new RegExp(`the root proof's ${name} is 0x\\w{64}, and the block's is 0x\\w{64}`)),
    );
  });

  test('refuses public inputs that are too few, or no field elements', async () => {
    expect(await proven.verifyChanged('root/public_inputs', (bytes) => bytes.subarray(32))).toMatchObject(
      refused(/the root proof exposes 5 values, and must expose 6/),
    );
    expect(await proven.verifyChanged('root/public_inputs', (bytes) => bytes.subarray(1))).toMatchObject(
      refused(/public_inputs has 191 bytes, no multiple of 32/),
    );
  });

  test('refuses a key that is not the published one', async () => {
    expect(await proven.verifyChanged('root/vk', (bytes) => flip(bytes, 200))).toMatchObject(
      refused(/root\/vk is not the published key 0x\w{64} of root-rollup/),
    );
  });
}

function describeOthers(proven: ProvenFolder): void {
  test('refuses the block of another folder, changed or not', async () => {
    const other = await proven.read('other.json');
    expect(await proven.verifyChanged('block.json', () => other)).toMatchObject(
      refused(/out\/block\.json is block \w{64}, and the folder is of block \w{64}/),
    );
    // Also where the folder's own note of the block was changed with it: the proof is of another one.
    const cwd = await proven.copy();
    await writeFile(join(cwd, 'out', 'block.json'), other);
    const mismatch = await runCommand(['verify', 'out'], { cwd, env });
    const [, blockId = ''] = /is block (\w{64})/.exec(mismatch.stderr) ?? [];
    await writeFile(join(cwd, 'out', 'run.json'), JSON.stringify({ version: 1, blockId, srs: 'development' }));
    expect(await runCommand(['verify', 'out'], { cwd, env })).toMatchObject(
      refused(/the root proof's \w+( \w+)* is 0x/),
    );
  });

  test('refuses, at once, what was made with another SRS than the one that is accepted', async () => {
    const run = await runCommand(['verify', 'block.proof', '--srs', 'canonical'], { cwd: proven.path, env });
    expect(run).toMatchObject(refused(/block.proof: made with the development SRS, and only canonical is accepted/));
  });
}

function describeClientProofs(proven: ProvenFolder): void {
  test('a client proof of another transaction is refused before any work', async () => {
    const cwd = await tempFolder();
    const [block, other] = await Promise.all(
      ['block.json', 'other.json'].map(async (name) => JSON.parse((await proven.read(name)).toString())),
    );
    block.transactions[0].clientProof = other.transactions[0].clientProof;
    await writeFile(join(cwd, 'block.json'), JSON.stringify(block));
    const run = await runCommand(['prove', 'block.json', '--srs', 'dev'], { cwd, env });
    expect(run).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(
        /^error\[client-proof-invalid\]: tx 0: the client proof does not verify for sender /,
      ),
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
}
