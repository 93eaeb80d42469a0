import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Block, type Call, serializeBlock } from '../proto/index.js';
import { folderContent } from '../tests/support/folder-content.js';
import { type CommandRun, runCommand } from '../tests/support/run-command.js';
import { contractOf, simulatedBlock, simulatedEngine, withCalls } from '../tests/support/simulated-block.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import type { Engine } from './run/engine.js';

/** A block that cannot be proven is refused with one line, before any work, and nothing is lost by it. */

let engine: Engine;
let block: Block;

beforeAll(async () => {
  engine = await simulatedEngine();
  block = await simulatedBlock(engine, [1, 0]);
});

/** Proves the text as a block file: no job may start, and nothing is left where its proofs would have gone. */
async function prove(text: string): Promise<CommandRun> {
  const cwd = await tempFolder();
  await writeFile(join(cwd, 'block.json'), text);
  const run = await runCommand(['prove', 'block.json', '--prover', 'simulated', '--json'], { cwd });
  expect(run.events.map(({ kind }) => kind)).not.toContain('job-started');
  expect(folderContent(join(cwd, 'block.proof'))).toEqual({});
  return run;
}

/** The block's JSON, changed. */
function edited(change: (json: JsonBlock) => void): string {
  const json = JSON.parse(serializeBlock(block)) as JsonBlock;
  change(json);
  return JSON.stringify(json);
}

interface JsonBlock {
  transactions: { nullifier: string; sender: string; calls: { gasLimit: number }[]; clientProof: { proof: string } }[];
}

const first = <T>(list: readonly T[]): T => list[0] ?? expect.fail('the list is empty');
const refused = (exitCode: number, line: RegExp) => ({ exitCode, stderr: expect.stringMatching(line) });

test('a file that is not JSON', async () => {
  expect(await prove('{"version": 1,')).toMatchObject(
    refused(
      2,
      /^error\[block-invalid\]: \S+\/block\.json: not JSON: .*; name a block file as espalier block new writes it\n$/,
    ),
  );
});

test('a field out of range', async () => {
  const text = edited((json) => {
    first(first(json.transactions).calls).gasLimit = 5_000;
  });
  expect(await prove(text)).toMatchObject(
    refused(
      2,
      /^error\[block-invalid\]: \S+\/block\.json: tx 0, call 0, gasLimit: 5000 is not allowed; allowed: an integer, 1 to 4096\n$/,
    ),
  );
});

test('a client proof that does not verify', async () => {
  const text = edited((json) => {
    const second = json.transactions[1] ?? expect.fail('there is no second transaction');
    const proof = Buffer.from(second.clientProof.proof, 'base64');
    proof[40] = (proof[40] ?? 0) ^ 1;
    second.clientProof.proof = proof.toString('base64');
  });
  const run = await prove(text);
  expect(run).toMatchObject(
    refused(
      2,
      /^error\[client-proof-invalid\]: tx 1: the client proof does not verify for sender 0x\w{64}, nullifier 0x\w{64} and 0 calls; leave the transaction out, or ask its sender for a proof of exactly these calls\n$/,
    ),
  );
  expect(run.events.at(-1)).toMatchObject({ kind: 'block-failed', error: { code: 'client-proof-invalid' } });
});

test('two transactions with one nullifier', async () => {
  const text = edited((json) => {
    for (const transaction of json.transactions) transaction.nullifier = first(json.transactions).nullifier;
  });
  expect(await prove(text)).toMatchObject(
    refused(
      2,
      /^error\[duplicate-nullifier\]: \S+\/block\.json: tx 0 and tx 1 spend one nullifier, 0x\w{64}; drop one of them\n$/,
    ),
  );
});

describe('a call beyond', () => {
  const proveCall = async (changed: Block, call: Call) =>
    prove(serializeBlock(await withCalls(engine, changed, [call])));

  test('the gas limit', async () => {
    const call = first(first(block.transactions).calls);
    expect(await proveCall(block, { ...call, gasLimit: 3 })).toMatchObject(
      refused(
        2,
        /^error\[block-not-executable\]: tx 0, call 0: out of gas at step \d+ \(instruction \d+ "[^"]+"\): needs \d+, gas limit is 3; raise gasLimit \(at most 4096\)\n$/,
      ),
    );
  });

  test('the step limit', async () => {
    const endless = contractOf(engine, 'endless', 'again:\n  jump again\n');
    const call = { contract: endless.address, calldata: [], gasLimit: 4_096 };
    expect(await proveCall({ ...block, contracts: [...block.contracts, endless] }, call)).toMatchObject(
      refused(
        2,
        /^error\[block-not-executable\]: tx 0, call 0: no end at step 129 \(instruction 0 "jump 0"\): a call has 128 steps; make the program or its loops shorter\n$/,
      ),
    );
  });
});

test('a block that is mended goes into the folder that the faulty one was meant for', async () => {
  const cwd = await tempFolder();
  const args = ['prove', 'block.json', '--prover', 'simulated', '--json'];
  const call = first(first(block.transactions).calls);
  const faulty = await withCalls(engine, block, [{ ...call, gasLimit: 3 }]);
  await writeFile(join(cwd, 'block.json'), serializeBlock(faulty));
  expect(await runCommand(args, { cwd })).toMatchObject({ exitCode: 2 });
  await writeFile(join(cwd, 'block.json'), serializeBlock(await simulatedBlock(engine, [0])));
  expect(await runCommand(args, { cwd })).toMatchObject({ exitCode: 0 });
});

describe('a file that is', () => {
  test.each([
    [
      'not there',
      ['prove', 'no.json'],
      /error\[block-invalid\]: \S+\/no\.json: cannot be read: there is no such file; /,
    ],
    ['a folder', ['prove', '.'], /error\[block-invalid\]: \S+: cannot be read: it is a folder; /],
    [
      'no profile',
      ['prove', 'block.json', '--profile', 'block.json'],
      /error\[profile-invalid\]: profile \S+\/block\.json: /,
    ],
    [
      'no profile that can be read',
      ['prove', 'block.json', '--profile', 'no.json'],
      /error\[profile-invalid\]: profile \S+\/no\.json cannot be read: ENOENT.*; name a profile file, or leave /,
    ],
  ])('%s', async (_, args, line) => {
    const cwd = await tempFolder();
    await writeFile(join(cwd, 'block.json'), serializeBlock(block));
    const run = await runCommand([...args, '--prover', 'simulated'], { cwd });
    expect(run).toMatchObject(refused(2, line));
    expect(run.stderr).toMatch(/^[^\n]*\n$/);
    expect(run.events).toEqual([]);
  });
});
