import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../common/index.js';
import { EmbeddedServer } from './support/embedded-server.js';
import { Program } from './support/program.js';

/** The examples, run as their README says, against a real server. */

const ROOT = packageRoot(import.meta.url);
/** Of the first block: four transactions with a call each. */
const JOBS = 2 * 4 + 4 + 3;

let server: EmbeddedServer;

beforeAll(async () => {
  server = await EmbeddedServer.start(['--simulate-ms', '100']);
  await server.block('block.json', '--txs', '4', '--calls', '1');
  await server.block('other.json', '--txs', '6', '--calls', '1', '--seed', '2');
});

afterAll(() => server.stop());

/** An example to its end: its exit code, and what it printed. */
async function run(name: string, ...args: readonly string[]) {
  const files = args.map((arg) => (/^\d+$/.test(arg) ? arg : join(server.folder, arg)));
  const program = new Program(name, [join(ROOT, 'dist/examples', `${name}.js`), ...files], server.env);
  const { code } = await program.exited;
  return { code, output: program.output };
}

test('submit and follow a block', async () => {
  const { code, output } = await run('submit-and-follow', 'block.json');
  expect(output).toMatch(
    new RegExp(`^block [0-9a-f]{64} is submitted\n[^]*\n${JOBS} of ${JOBS}: root-rollup by .*\nproven\n`),
  );
  expect(output).toMatch(/\nroot proof of \d+ bytes, made by \S+ with simulated\n$/);
  expect(code).toBe(0);
});

test('collect every proof', async () => {
  // One of which no proof was deleted by now.
  await server.block('kept.json', '--txs', '4', '--calls', '1', '--seed', '9');
  const { code, output } = await run('collect-proofs', 'kept.json', 'proofs');
  expect(output).toMatch(new RegExp(`\nproven: ${JOBS} proofs, 0 missed, ${JOBS} jobs\n$`));
  expect(output.match(/ bytes, signed by /g)).toHaveLength(JOBS);
  expect(code).toBe(0);
  expect(await readdir(join(server.folder, 'proofs'))).toHaveLength(JOBS);
});

test('react to lateness', async () => {
  await server.block('late.json', '--txs', '8', '--calls', '2', '--seed', '3');
  const { code, output } = await run('react-to-lateness', 'late.json', '1');
  expect(output).toMatch(/^LATE.*: \S/m);
  expect(output).toMatch(/proven, after its deadline\n$/);
  expect(code).toBe(3);
});

test('reorg', async () => {
  await server.block('old.json', '--txs', '8', '--calls', '2', '--seed', '4');
  const { code, output } = await run('reorg', 'old.json', 'other.json');
  expect(output).toMatch(/takes its place; the old one is cancelled\n[0-9a-f]{12} cancelled, [0-9a-f]{12} proven\n$/);
  expect(code).toBe(0);
});

test('all are here and in their README', async () => {
  const readme = await readFile(join(ROOT, 'examples/README.md'), 'utf8');
  const examples = (await readdir(join(ROOT, 'examples'))).filter((name) => name.endsWith('.ts'));
  const named = [...readme.matchAll(/node dist\/examples\/([a-z-]+)\.js/g)].map(([, name]) => `${name}.ts`);
  expect(named.sort()).toEqual(examples.sort());
});
