import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../common/index.js';
import { allCommands, describeCommands, flagsOf } from './completion/command-node.js';
import { buildProgram } from './program.js';
import { captureContext } from './testing/test-context.js';

/** What README and docs say of commands and their options is so. */

const root = packageRoot(import.meta.url);
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const README = read('README.md');
const PAGES = [
  'README.md',
  'docs/api.md',
  'docs/blocks.md',
  'docs/cluster.md',
  'docs/operations.md',
  'docs/running-a-cluster.md',
  'docs/sizing.md',
  'docs/telemetry.md',
];

const commands = allCommands(describeCommands(buildProgram(captureContext().context)));
const names = new Set(commands.map(({ path }) => path[0] ?? ''));
const options = new Set(commands.flatMap(({ options: own }) => own.flatMap(flagsOf)));

it('README names every command in its table', () => {
  const [, table = ''] = /## Commands\n([\s\S]*?)\n## /.exec(README) ?? [];
  // `espalier srs status`, `fetch`: the words of a code span, the first of which may be left out.
  const words = new Set([...table.matchAll(/`(?:espalier )?([a-z-]+)/g)].map(([, word]) => word));
  expect([...names].filter((name) => name !== '' && !words.has(name))).toEqual([]);
});

it.each(PAGES)('%s names no command that is not there', (page) => {
  const named = [...read(page).matchAll(/(?:`|^ {4}|\$ (?:npx )?)espalier ([a-z-]+)/gm)].map(([, name = '']) => name);
  expect(named.filter((name) => name !== 'help' && !names.has(name))).toEqual([]);
});

/** Of this project's own scripts, and of bb. */
const FOREIGN = ['--minutes', '--seed', '--txs', '--verifier_target'];
/** A call of another program, with the lines that it goes on in, or within a line. */
const OF_OTHERS = /^ {4}(redis-server|kubectl|docker|kind|openssl) (.*\\\n)*.*$|`kubectl [^`]*`/gm;

it.each(PAGES)('%s names no option that is not there', (page) => {
  const text = read(page).replace(OF_OTHERS, '');
  const named = [...text.matchAll(/(?<![\w-])--[a-z][a-z-]+(?![\w])/g)].map(([option]) => option);
  expect(named.filter((option) => !options.has(option) && !FOREIGN.includes(option))).toEqual([]);
});
