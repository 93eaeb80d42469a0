import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../tests/support/run-command.js';
import { tempFolder } from '../tests/support/temp-folder.js';

/** Commands that ask a server which is not there, or cannot be asked so. Nothing listens on port 1. */

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string) {
  const { exitCode, stdout, stderr } = await runCommand(args, { cwd: cwd ?? (await tempFolder()), env });
  return { exitCode, stdout, stderr };
}

const AWAY =
  /error\[server-unavailable\]: the server at 127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1; is an orchestrator running there, /;

it.each([
  [['status']],
  [['status', 'abcdef']],
  [['watch', 'abcdef']],
  [['cancel', 'abcdef']],
  [['proof', 'abcdef']],
  [['provers', 'abcdef', '--json']],
  [['forget', 'abcdef', '--json']],
  [['workers']],
  [['drain', 'node-a']],
  [['capacity']],
])('%j says which server is not there, and what to look at', async (args) => {
  const { exitCode, stdout, stderr } = await run(args, { ESPALIER_SERVER: '127.0.0.1:1', ESPALIER_TOKEN: 's3cret' });
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 5, stdout: '', stderr: expect.stringMatching(AWAY) });
  expect(stderr).not.toContain('s3cret');
});

it('offers no ids where no server is, and says nothing of it', async () => {
  expect(await run(['ids', 'blocks', 'watch', '--json', '--server', '127.0.0.1:1'])).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: '',
  });
});

describe('a bad option ends with code 2 and says what is allowed', () => {
  it.each([
    [['status', '--server', 'http://host'], /"http:\/\/host" is no address of a server; write host:port, as in /],
    [
      ['status', '--tls-ca', 'absent.pem'],
      /--tls-ca absent\.pem cannot be read: there is no such file; name a file that this user may read/,
    ],
    [
      ['status', '--token-file', 'absent'],
      /--token-file absent cannot be read: there is no such file; name a file that this user may read/,
    ],
    [
      ['status', '--server', 'prover.example', '--token-file', 'token'],
      /the token would travel to prover\.example:7420/,
    ],
    [['status', '--tls-cert', 'token'], /there is a certificate of the client, and no key to it/],
    [['submit', 'token', '--window', '8 minutes'], /--window .*must be a time of at most 7 days, as in 90s, 8m or 1h/],
    [['submit', 'token', '--window', '8d'], /must be a time of at most 7 days/],
    [['token', 'new', '--name', 'a b', '--roles', 'watch'], /must be 1 to 64 letters, digits, dots, _ and -/],
    [['token', 'new', '--name', 'ab', '--roles', 'watch,rule'], /must be some of submit, watch, operate/],
  ])('%j', async (args, message) => {
    const cwd = await tempFolder();
    await writeFile(join(cwd, 'token'), 's3cret\n');
    const { exitCode, stderr } = await run(args, {}, cwd);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
    expect(stderr).not.toContain('s3cret');
  });
});

it('names a block file that is none', async () => {
  const cwd = await tempFolder();
  const { exitCode, stderr } = await run(['submit', 'absent.json', '--server', '127.0.0.1:1'], {}, cwd);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringMatching(/^error\[block-invalid\]: .*absent\.json: cannot be read: there is no such file; /),
  });
});

it('makes tokens that none is like, with the entry for the access file', async () => {
  const args = ['token', 'new', '--name', 'sequencer-1', '--roles', 'watch, submit'];
  const { stdout, exitCode } = await run([...args, '--json']);
  const { token, entry } = JSON.parse(stdout) as { token: string; entry: unknown };
  expect(exitCode).toBe(0);
  expect(token).toMatch(/^espalier_[\w-]{43}$/);
  const sha256 = createHash('sha256').update(token).digest('hex');
  expect(entry).toEqual({ name: 'sequencer-1', roles: ['submit', 'watch'], sha256 });
  const text = (await run(args)).stdout;
  const [, other = '', entryText = ''] = /^token {2}(\S+)\nentry {2}(.*)\n\nkeep the token secret/.exec(text) ?? [];
  expect(other).not.toBe(token);
  expect(JSON.parse(entryText)).toMatchObject({ sha256: createHash('sha256').update(other).digest('hex') });
});
