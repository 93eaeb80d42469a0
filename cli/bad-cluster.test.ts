import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCommand } from '../tests/support/run-command.js';
import { tempFolder } from '../tests/support/temp-folder.js';

/** Command lines of a cluster that cannot be obeyed. Nothing listens on port 1. */

const REDIS = 'redis://:s3cret@127.0.0.1:1';
const ADDRESS = ['--redis', REDIS, '--store', 'file:///absent/store'];

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { exitCode, stdout, stderr } = await runCommand(args, { cwd: await tempFolder(), env });
  return { exitCode, stdout, stderr };
}

const COMMANDS = [
  ['orchestrator', '--prover', 'simulated'],
  ['worker', '--prover', 'simulated'],
];

describe.each(COMMANDS)('%s %s %s', (...args) => {
  const command = args.filter((arg) => arg !== undefined);

  it('says what is missing, with the variable that it may be set by', async () => {
    expect(await run(command)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'error[usage]: no Redis is named; add --redis (as in --redis redis://localhost:6379), or set ESPALIER_REDIS\n',
    });
    expect(await run(command, { ESPALIER_REDIS: REDIS })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr:
        'error[usage]: no proof store is named; add --store (as in --store file:///srv/espalier), or set ESPALIER_STORE\n',
    });
  });

  it('names the Redis that is not there, without its password', async () => {
    const env = { ESPALIER_REDIS: REDIS, ESPALIER_STORE: 'redis:', ESPALIER_NAMESPACE: 'test', ESPALIER_LISTEN: 'off' };
    const { exitCode, stderr } = await run(command, env);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(
      /error\[(queue|store)-unavailable\]: .*Redis at redis:\/\/:\*\*\*@127\.0\.0\.1:1: connect ECONNREF/,
    );
    expect(stderr).not.toContain('s3cret');
  });
});

it('refuses where the API cannot be served before anything is opened or takes work', async () => {
  const occupied = createServer().listen(0, '127.0.0.1');
  await once(occupied, 'listening');
  onTestFinished(() => void occupied.close());
  const { port } = occupied.address() as AddressInfo;
  for (const [options, message] of [
    [['--listen', '0.0.0.0:0'], /^error\[usage\]: refusing to listen on 0\.0\.0\.0, beyond this machine: /],
    [
      ['--listen', `127.0.0.1:${port}`],
      /^error\[usage\]: the API cannot listen on 127\.0\.0\.1: .*EADDRINUSE.*; stop what/,
    ],
    [['--listen', '127.0.0.1:0', '--access-file', 'absent'], /^error\[usage\]: access file \S+absent cannot be read: /],
    [
      ['--listen', '127.0.0.1:0', '--tls-cert', 'absent', '--tls-key', 'absent'],
      /^error\[usage\]: --tls-\w+ \S+absent cannot be used: /,
    ],
  ] as const) {
    const cwd = await tempFolder();
    for (const where of [['--embedded', '--store', 'out'], ADDRESS]) {
      const run = await runCommand(['orchestrator', '--prover', 'simulated', ...where, ...options], { cwd });
      expect(run).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(message) });
    }
    expect(existsSync(join(cwd, 'out'))).toBe(false);
  }
});

describe('a bad option ends with code 2 and says what is allowed', () => {
  it.each([
    [['worker', '--namespace', 'a b'], /--namespace must be 1 to 64 letters, .* got "a b"/],
    [
      ['orchestrator', '--prover', 'simulated', '--redis', 'http://:s3cret@localhost'],
      /the Redis URL cannot be used: it begins with http:/,
    ],
    [['worker', '--classes', 'vm,big'], /--classes must be some of vm, rollup, gpu, got "vm,big"/],
    [['worker', '--memory', 'all'], /--memory must be a number from 0\.125 to 65536, got "all"/],
    [['worker', '--cores', '0'], /--cores must be an integer from 1 to 1024, got "0"/],
    [['worker', '--grace', '-1'], /--grace must be an integer from 0 to 86400, got "-1"/],
    [['worker', '--machine', 'a/b'], /a machine's name must be .*, got "a\/b"/],
    [['worker', '--prover', 'magic'], /--prover must be native, wasm, simulated or external:PATH, got "magic"/],
    [['worker', '--simulate-ms', '5'], /--simulate-ms says nothing to the native prover; add --prover simulated/],
    [['orchestrator', '--name', ''], /a machine's name must be .*, got ""/],
  ])('%j', async (args, message) => {
    const { exitCode, stderr } = await run([...args.slice(0, 1), ...ADDRESS, ...args.slice(1)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
    expect(stderr).not.toContain('s3cret');
  });

  it('a profile that is not there', async () => {
    for (const command of ['worker', 'orchestrator']) {
      const { exitCode, stderr } = await run([command, ...ADDRESS, '--profile', 'absent.json']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(/^error\[profile-invalid\]/) });
    }
  });
});

it('looks into a store for a job to replay without a Redis, unless the store is in one', async () => {
  const cwd = await tempFolder();
  const job = ['replay', 'public-vm.0.0.ab', '--prover', 'simulated'];
  const { exitCode, stderr } = await runCommand([...job, '--store', `file://${cwd}/store`], { cwd });
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/nothing is kept of a job/),
  });
  const inRedis = await run([...job, '--store', 'redis:']);
  expect(inRedis).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/^error\[usage\]: no Redis is named/) });
  expect(await run(job)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/: no (Redis|proof store) is named/),
  });
});

it('keeps a store that is no store apart from one that is away', async () => {
  const { exitCode, stderr } = await run(['worker', '--prover', 'simulated', '--redis', REDIS, '--store', 'ftp://x/y']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringMatching(/error\[usage\]: the store's URL cannot be used: nothing is known of ftp:/),
  });
});
