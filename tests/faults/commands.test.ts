import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BlockView } from '../../client/index.js';
import { EmbeddedServer } from './support/embedded-server.js';

/** The commands that ask a server, against a real one without Redis, which is killed and started again under them. */

const JOBS = 2 * 4 + 4 + 3;

let server: EmbeddedServer;
let blockId: string;

beforeAll(async () => {
  server = await EmbeddedServer.start(['--simulate-ms', '300']);
  await server.block('block.json', '--txs', '4', '--calls', '1,0,2');
});

afterAll(() => server.stop());

test('a watcher goes on by itself when the server was killed and is back', async () => {
  ({ blockId } = await server.json<{ blockId: string }>('submit', 'block.json', '--keep-proofs', '--window', '10m'));
  const watching = server.program('watch', blockId.slice(0, 8), '--json');
  let proven = 0;
  await watching.until(({ kind }) => kind === 'job-proven' && ++proven === 3);
  await server.kill();
  await server.start();
  await watching.until(({ kind }) => kind === 'ended');
  expect(await watching.exited).toEqual({ code: 0, signal: null });
  const { events, output } = watching;
  expect(output).toMatch(/the server at 127\.0\.0\.1:\d+ .*: trying again/);
  const told = events.filter(({ kind }) => kind.startsWith('job-')).map(({ cursor }) => cursor);
  expect(new Set(told).size).toBe(told.length);
  // What the killed process had proven it may not have told: it is found, and counted by the next one's snapshot.
  expect(events.filter(({ kind }) => kind === 'job-proven').length).toBeLessThanOrEqual(JOBS);
  expect(events.at(-1)).toMatchObject({ kind: 'ended', block: { blockId, state: 'proven', done: JOBS, jobs: JOBS } });
});

test('a block says what it was submitted with', async () => {
  const { submittedAtMs, deadlineAtMs, keepProofs } = await server.json<BlockView>('status', blockId);
  expect(deadlineAtMs).toBe(submittedAtMs + 600_000);
  expect(keepProofs).toBe(true);
});

test('all proofs are collected, once, beside what `prove` writes', async () => {
  const first = await server.json<{ proofs: number }>('proof', blockId, '--every-level', '--out', 'out');
  expect(first).toMatchObject({ proofs: JOBS, replaced: 0, srs: 'none' });
  const files = await readdir(join(server.folder, 'out/proofs'));
  expect(files.filter((name) => name.endsWith('.proof'))).toHaveLength(JOBS);
  const [one = ''] = files.filter((name) => name.endsWith('.json') && name.startsWith('root'));
  const record = JSON.parse(await readFile(join(server.folder, 'out/proofs', one), 'utf8'));
  expect(record).toMatchObject({ circuit: 'root-rollup', attempts: 1, publicInputs: expect.any(Array) });
  const again = await server.run('proof', blockId, '--every-level', '--out', 'out');
  expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/proofs? collected in proofs\/\n$/) });
});

test('a block takes the place of another, which is cancelled', async () => {
  await server.block('old.json', '--txs', '6', '--calls', '1', '--seed', '5');
  await server.block('new.json', '--txs', '2', '--calls', '1', '--seed', '6');
  const { blockId: old } = await server.json<{ blockId: string }>('submit', 'old.json');
  const replaced = await server.run('submit', 'new.json', '--replace', old.slice(0, 12), '--watch');
  expect(replaced).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`block ${old.slice(0, 12)} is cancelled`),
  });
  await expect.poll(async () => (await server.json<BlockView>('status', old)).state).toBe('cancelled');
  const gone = await server.run('watch', old);
  expect(gone).toMatchObject({
    exitCode: 130,
    stderr: expect.stringMatching(/^error\[cancelled\]: .* was cancelled; /),
  });
});

test('ids are offered for completion, from the server that the words name', async () => {
  const words = ['watch', '--server', server.address, '--json', ''];
  const { stdout } = await server.run('ids', 'blocks', ...words);
  expect(stdout.split('\n')).toContain(blockId.slice(0, 12));
  expect((await server.run('ids', 'workers', 'drain', '')).stdout).toMatch(/^\S+\.[0-9a-f]{8}\n$/);
});

test('Ctrl-C ends the watching, and not the block', async () => {
  await server.block('long.json', '--txs', '6', '--calls', '2', '--seed', '7');
  const watching = server.program('submit', join(server.folder, 'long.json'), '--watch');
  await expect.poll(() => watching.output, { timeout: 20_000 }).toMatch(/ proving by /);
  watching.kill('SIGINT');
  expect(await watching.exited).toEqual({ code: 130, signal: null });
  expect(watching.output).toMatch(
    /no longer watching block [0-9a-f]{12}: the cluster goes on with it; `espalier watch /,
  );
  const { open } = await server.json<{ open: BlockView[] }>('status');
  expect(open).toHaveLength(1);
  expect(await server.json('cancel', open[0]?.blockId ?? '')).toMatchObject({ state: 'cancelled' });
});
