import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../tests/support/run-command.js';
import { tempFolder } from '../tests/support/temp-folder.js';

test('a block for trying the scheduling is made without waiting for proofs that prove nothing', async () => {
  const cwd = await tempFolder();
  const args = ['block', 'new', '--prover', 'simulated', '--txs', '64', '--calls', '0', '-o', 'block.json'];
  expect(await runCommand(args, { cwd })).toMatchObject({
    exitCode: 0,
    stdout: 'block.json: 64 transactions, 0 calls\n',
  });
  expect(JSON.parse(await readFile(join(cwd, 'block.json'), 'utf8')).transactions).toHaveLength(64);
}, 30_000);
