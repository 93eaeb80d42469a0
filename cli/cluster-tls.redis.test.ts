import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../common/index.js';
import { Program } from '../tests/faults/support/program.js';
import { makeCertificateFiles } from '../tests/support/certificate-files.js';
import { startRedis } from '../tests/support/redis-server.js';

const MAIN = join(packageRoot(import.meta.url), 'dist/cli/main.js');
const PASSWORD = 'not-to-be-seen';
const USER = ['--user', 'espalier', 'on', `>${PASSWORD}`, '~*', '&*', '+@all'];
const DEFAULT_USER = ['--user', 'default', 'off', '~*', '&*', '+@all'];

test('processes of a cluster speak TLS to Redis, with user and password, of which nothing is in their logs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-cluster-tls-'));
  const certificates = await makeCertificateFiles();
  const redis = await startRedis({ tls: { certificates }, args: [...USER, ...DEFAULT_USER] });
  const programs: Program[] = [];
  onTestFinished(async () => {
    await Promise.all(programs.map((program) => program.end()));
    await redis.stop();
    await certificates.remove();
    await rm(folder, { recursive: true, force: true });
  });
  const launch = (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      ESPALIER_CACHE: join(folder, 'cache'),
      ESPALIER_REDIS: redis.url.replace('rediss://', `rediss://espalier:${PASSWORD}@`),
      ESPALIER_STORE: 'redis:',
      ESPALIER_LISTEN: 'off',
      ...more,
    };
    const program = new Program(args.join(' '), [MAIN, ...args, '--prover', 'simulated', '--json', '--debug'], env);
    programs.push(program);
    return program;
  };

  const orchestrator = launch(['orchestrator'], { ESPALIER_REDIS_CA: certificates.caFile });
  const worker = launch(['worker', '--redis-ca', certificates.caFile]);
  for (const program of [orchestrator, worker]) {
    const ready = await program.until(({ kind }) => kind === 'ready');
    const shown = `rediss://espalier:***@127.0.0.1:${redis.port}`;
    expect(ready).toMatchObject({ redis: shown, store: shown });
  }
  await redis.kill();
  await orchestrator.until(({ kind }) => kind === 'trouble');
  await redis.restart();
  await orchestrator.until(({ kind, ['message']: message }) => kind === 'trouble' && /is back$/.test(String(message)));
  for (const program of [orchestrator, worker]) {
    program.kill('SIGTERM');
    expect(await program.exited, program.output).toEqual({ code: 0, signal: null });
  }

  const untrusting = launch(['orchestrator']);
  expect(await untrusting.exited).toEqual({ code: 5, signal: null });
  expect(untrusting.output).toMatch(/^error\[store-unavailable\]: .*certificate.*; name the CA .* with --redis-ca/m);
  const wrong = redis.url.replace('rediss://', `rediss://espalier:${PASSWORD}-wrong@`);
  const refused = launch(['worker', '--redis-ca', certificates.caFile], { ESPALIER_REDIS: wrong });
  expect(await refused.exited).toEqual({ code: 5, signal: null });
  expect(refused.output).toMatch(/WRONGPASS/);
  for (const { output } of programs) expect(output).not.toContain(PASSWORD);
}, 120_000);
