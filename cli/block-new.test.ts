import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readBlockIdentity, TEXT_TRANSACTIONS_MAX } from '../proto/index.js';
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

test('the same block is made into one text or into lines, proven from either, and verified', {
  timeout: 120_000,
}, async () => {
  const cwd = await tempFolder();
  const make = (file: string) =>
    runCommand(['block', 'new', '--prover', 'simulated', '--txs', '3', '--calls', '0,1', '-o', file], { cwd });
  for (const file of ['block.json', 'lines.jsonl']) expect(await make(file)).toMatchObject({ exitCode: 0 });
  const { blockId } = await readBlockIdentity(join(cwd, 'block.json'));
  expect(await readBlockIdentity(join(cwd, 'lines.jsonl'))).toMatchObject({ blockId, transactions: 3, calls: 1 });
  expect((await readFile(join(cwd, 'lines.jsonl'), 'utf8')).split('\n')[0]).toBe('{"version":1,"format":"lines"}');
  const proven = await runCommand(['prove', 'lines.jsonl', '--prover', 'simulated'], { cwd });
  expect(proven).toMatchObject({ exitCode: 0 });
  expect(proven.events.find(({ kind }) => kind === 'planned')).toMatchObject({ blockId });
  const again = await runCommand(['prove', 'block.json', '--out', 'lines.proof', '--prover', 'simulated'], { cwd });
  expect(again.events.find(({ kind }) => kind === 'planned')).toMatchObject({ alreadyProven: 7, jobs: 7 });
});

test('a block of many transactions becomes lines, whatever its file is called, and that is said', {
  timeout: 120_000,
}, async () => {
  const cwd = await tempFolder();
  const txs = TEXT_TRANSACTIONS_MAX + 1;
  const run = await runCommand(['block', 'new', '--prover', 'simulated', '--txs', `${txs}`, '--calls', '0'], { cwd });
  expect(run).toMatchObject({ exitCode: 0, stdout: 'block.json: 2,049 transactions, 0 calls\n' });
  expect(run.stderr).toContain('block.json gets a JSON value a line');
  expect(await readBlockIdentity(join(cwd, 'block.json'))).toMatchObject({ transactions: txs });
});
