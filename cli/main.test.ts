import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../common/index.js';

/** The command as it is installed: `npm test` builds it first. */
const COMMAND = join(packageRoot(import.meta.url), 'dist/cli/main.js');

/** Runs the file itself, as a shell or npx does: it must be executable and have its shebang. */
async function run(args: readonly string[], closeStdout = false) {
  const child = spawn(COMMAND, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  if (closeStdout) child.stdout.destroy();
  else child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exitCode = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { exitCode, stdout, stderr };
}

it('is an executable file that prints its version', async () => {
  expect(() => accessSync(COMMAND, constants.X_OK)).not.toThrow();
  expect(await run(['--version'])).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: '',
  });
});

it('exits with the code of the error', async () => {
  const { exitCode, stdout, stderr } = await run(['frobnicate']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^error\[usage\]: unknown command 'frobnicate'; .*\n$/);
});

it('says nothing when nobody reads its output', async () => {
  expect(await run(['completion', 'bash'], true)).toMatchObject({ stderr: '' });
});
