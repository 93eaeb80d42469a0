import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../common/index.js';
import { allCommands, describeCommands } from './completion/command-node.js';
import { buildProgram } from './program.js';
import { runCli } from './run-cli.js';
import { captureContext } from './testing/test-context.js';

async function run(...args: string[]) {
  const { context, stdout, stderr } = captureContext();
  const exitCode = await runCli(args, context);
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

describe('a bad command line ends with code 2 and one line that says what to do', () => {
  it.each([
    [['versoin'], "error[usage]: unknown command 'versoin'; did you mean version? Otherwise see `espalier --help`\n"],
    [
      ['version', '--jsn'],
      "error[usage]: unknown option '--jsn'; did you mean --json? Otherwise see `espalier version --help`\n",
    ],
    [['version', '--zzzzzz'], "error[usage]: unknown option '--zzzzzz'; see `espalier version --help`\n"],
    [['completion'], "error[usage]: missing required argument 'shell'; see `espalier completion --help`\n"],
    [
      ['completion', 'tcsh'],
      "error[usage]: command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish; see `espalier completion --help`\n",
    ],
    [
      ['version', 'now'],
      "error[usage]: too many arguments for 'version'. Expected 0 arguments but got 1; see `espalier version --help`\n",
    ],
  ])('%j', async (args, line) => {
    expect(await run(...args)).toEqual({ exitCode: 2, stdout: '', stderr: line });
  });
});

it('shows the causes of an error with --debug, before or after the command', async () => {
  for (const args of [
    ['--debug', 'versoin'],
    ['version', '--jsn', '--debug'],
  ]) {
    const { stderr } = await run(...args);
    expect(stderr).toMatch(/^error\[usage\]: unknown/);
    expect(stderr).toMatch(/\n {4}at .*\n/);
    expect(stderr).toContain('CommanderError');
  }
});

it('prints help to stdout when asked, and to stderr with code 2 when no command is named', async () => {
  const asked = await run('--help');
  expect(asked).toMatchObject({ exitCode: 0, stderr: '' });
  expect(asked.stdout).toContain('version');
  const unasked = await run();
  expect(unasked).toMatchObject({ exitCode: 2, stdout: '' });
  expect(unasked.stderr).toContain('Usage: espalier');
});

describe('the help of every command has examples that name it', () => {
  const leaves = allCommands(describeCommands(buildProgram(captureContext().context))).filter(
    ({ children }) => children.length === 0,
  );
  it.each(leaves.map(({ path }) => path.join(' ')))('%s', async (path) => {
    const { exitCode, stdout, stderr } = await run(...path.split(' '), '--help');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [, examples = ''] = stdout.split('\nExamples:\n');
    expect(examples).toMatch(new RegExp(`(^|[^a-z])espalier ${path}`));
  });

  it('covers all there are', () => {
    expect(leaves.map(({ path }) => path.join(' '))).toEqual([
      'demo',
      'block new',
      'prove',
      'verify',
      'circuits',
      'srs status',
      'srs fetch',
      'srs dev',
      'doctor',
      'plan-fleet',
      'tune',
      'version',
      'completion',
      'orchestrator',
      'worker',
      'replay',
      'submit',
      'watch',
      'status',
      'cancel',
      'proof',
      'provers',
      'forget',
      'workers',
      'drain',
      'capacity',
      'pod-costs',
      'token new',
    ]);
  });
});

it('prints the other versions where there is no bb', async () => {
  const { context, stdout } = captureContext({ env: { ESPALIER_BB: '/absent/bb' } });
  expect(await runCli(['version'], context)).toBe(0);
  expect(stdout()).toMatch(/\nbb +missing: ESPALIER_BB names \/absent\/bb, which does not exist\nnoir +\d/);
});

it('prints versions as lines and as JSON', async () => {
  const lines = await run('version');
  expect(lines.stdout).toMatch(/^espalier +\d+\.\d+\.\d+\nbarretenberg +\d\S*\nbb +\d\S*\n/);
  const json = await run('version', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ node: process.versions.node, barretenberg: expect.any(String) });
  // By what it reports itself keys are published.
  expect(readdirSync(join(packageRoot(import.meta.url), 'circuits', 'keys'))).toContain(
    `development-${JSON.parse(json.stdout).bb}.json`,
  );
  const alone = await run('--version');
  expect(alone.stdout).toBe(`${JSON.parse(json.stdout).espalier}\n`);
});
