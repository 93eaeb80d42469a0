import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { serializeBlock } from '../proto/index.js';
import { folderContent } from '../tests/support/folder-content.js';
import { type CommandRun, runCommand } from '../tests/support/run-command.js';
import { simulatedBlock, simulatedEngine } from '../tests/support/simulated-block.js';
import { tempFolder } from '../tests/support/temp-folder.js';

/** What the machine lacks is said at once, with what mends it, and a prover that was named is not replaced. */

let text: string;

beforeAll(async () => {
  const engine = await simulatedEngine();
  text = serializeBlock(await simulatedBlock(engine, [0]));
});

/** A folder with a block in it. */
async function blockFolder(): Promise<string> {
  const cwd = await tempFolder();
  await writeFile(join(cwd, 'block.json'), text);
  return cwd;
}

/** Where nobody listens: of a server that has just been closed. */
async function closedHost(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

function expectRefused(run: CommandRun, line: RegExp): void {
  expect(run).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(line) });
  expect(run.events.map(({ kind }) => kind)).not.toContain('job-started');
}

describe('no SRS', () => {
  test('and no network', async () => {
    const cwd = await blockFolder();
    const env = { ESPALIER_SRS_HOSTS: await closedHost() };
    const run = await runCommand(['prove', 'block.json', '--srs', 'canonical'], { cwd, env });
    expectRefused(
      run,
      /(^|\n)error\[srs-missing\]: the canonical SRS could not be downloaded from http:\S+: .*ECONNREFUSED.*; run `espalier srs fetch` with a network, name a folder that holds it with `--srs DIR`, or use `--srs dev`\n$/,
    );
    expect(folderContent(join(cwd, 'block.proof'))).toEqual({});
    const fetch = await runCommand(['srs', 'fetch'], { cwd, env });
    expectRefused(fetch, /(^|\n)error\[srs-missing\]: /);
  });

  test('in the folder that was named', async () => {
    const cwd = await blockFolder();
    expectRefused(
      await runCommand(['prove', 'block.json', '--srs', '.'], { cwd }),
      /^error\[srs-invalid\]: \S+ holds no SRS: there is neither bn254_g1\.dat nor bn254_g2\.dat; name the folder that holds them\n$/,
    );
  });
});

describe('a bb that', () => {
  test('is not there', async () => {
    const cwd = await blockFolder();
    expectRefused(
      await runCommand(['prove', 'block.json'], { cwd, env: { ESPALIER_BB: '/no/such/bb' } }),
      /^error\[prover-unavailable\]: ESPALIER_BB names \/no\/such\/bb, which does not exist; correct or unset ESPALIER_BB\n$/,
    );
  });

  test('does not start: nothing is made for it, and the doctor says so too', async () => {
    const cwd = await blockFolder();
    const bb = join(cwd, 'bb');
    await writeFile(bb, '#!/bin/sh\necho "libc.so.6: version GLIBC_2.39 not found" >&2\nexit 1\n', { mode: 0o755 });
    const env = { ESPALIER_BB: bb };
    for (const args of [['prove', 'block.json', '--srs', 'dev'], ['srs', 'dev'], ['circuits']]) {
      expectRefused(
        await runCommand(args, { cwd, env }),
        /^error\[prover-unavailable\]: the prover \S+\/bb does not start: libc\.so\.6: version GLIBC_2\.39 not found; run `espalier doctor`, or name a bb that runs on this system in ESPALIER_BB\n$/,
      );
    }
    expect(folderContent(join(cwd, 'cache'))).toEqual({});
    const doctor = await runCommand(['doctor'], { cwd, env });
    expect(doctor).toMatchObject({ exitCode: 3, stderr: '' });
    expect(doctor.stdout).toMatch(/\nFAIL +bb +\S+\/bb does not start: .*GLIBC_2\.39/);
    expect(doctor.stdout).toMatch(/\nFAIL bb: run `npm ci`, or name a bb that runs on this system in ESPALIER_BB\n/);
  });
});

describe('an external prover that', () => {
  test.each([
    ['is not there', '/no/such', 'there is no such file'],
    ['is a folder', '.', 'it is no file'],
    ['is not executable', 'block.json', 'it is not executable'],
  ])('%s', async (_, path, problem) => {
    const cwd = await blockFolder();
    await chmod(join(cwd, 'block.json'), 0o644);
    const run = await runCommand(['prove', 'block.json', '--srs', 'dev', '--prover', `external:${path}`], { cwd });
    expectRefused(
      run,
      new RegExp(
        `^error\\[prover-unavailable\\]: the prover \\S+ does not start: ${problem}; name an executable file that takes the arguments of \`bb prove\`: --prover external:PATH\\n$`,
      ),
    );
    expect(folderContent(join(cwd, 'cache'))).toEqual({});
  });
});

test('fewer cores and less memory than the profile asks for', async () => {
  const cwd = await blockFolder();
  const classes = { vm: { cores: 1_000, memoryGiB: 1 }, rollup: { cores: 1, memoryGiB: 1 } };
  await writeFile(join(cwd, 'profile.json'), JSON.stringify({ classes }));
  expectRefused(
    await runCommand(['prove', 'block.json', '--prover', 'simulated', '--profile', 'profile.json'], { cwd }),
    /^error\[resources-insufficient\]: a proof of class vm needs 1000 cores, 1 GiB \(profile \S+\/profile\.json\), and this machine has \d+ cores?, [\d.]+ GiB; use a larger machine, or name a profile with smaller needs: --profile FILE\n$/,
  );
});
