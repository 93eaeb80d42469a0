import { spawnSync } from 'node:child_process';
import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { bashCompletion } from './bash.js';
import { allCommands, describeCommands } from './command-node.js';
import { fishCompletion } from './fish.js';
import { blockArgument } from './id-argument.js';
import { zshCompletion } from './zsh.js';

function sampleProgram(): Command {
  const program = new Command('espalier').option('--debug', "show where it's from").version('1.0.0');
  const prove = program.command('prove').description('prove: a block').argument('<block>');
  prove.option('-o, --out <folder>', 'where to').addOption(new Option('--srs <name>').choices(['canonical', 'dev']));
  const srs = program.command('srs').description('the SRS');
  srs.command('status').description('what there is');
  srs.command('fetch').description('download it').option('--force', 'again');
  program.command('secret', { hidden: true });
  program.command('watch').addArgument(blockArgument()).option('--server <host:port>', 'which');
  program.command('completion').addArgument(program.createArgument('<shell>').choices(['bash', 'zsh']));
  return program;
}

const root = describeCommands(sampleProgram());

it('describes visible commands with their own options and those of the program', () => {
  expect(allCommands(root).map((node) => node.path.join(' '))).toEqual([
    '',
    'prove',
    'srs',
    'srs status',
    'srs fetch',
    'watch',
    'completion',
  ]);
  const fetch = allCommands(root).find((node) => node.path.join(' ') === 'srs fetch');
  expect(fetch?.options.map((option) => option.long)).toEqual(['--force', '--help', '--debug']);
});

/** What bash offers for a command line, the last word being the one under the cursor. */
function completeInBash(...words: string[]): string[] {
  const script = `${bashCompletion(root)}
espalier() { (IFS=-; echo "$*"; echo b2); }
COMP_WORDS=(espalier "$@")
COMP_CWORD=$#
_espalier
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('in bash', () => {
  it.each([
    [[''], ['prove', 'srs', 'watch', 'completion']],
    [['p'], ['prove']],
    [['--debug', 's'], ['srs']],
    [
      ['srs', ''],
      ['status', 'fetch'],
    ],
    [['srs', 'fetch', '--f'], ['--force']],
    [['prove', '--srs', 'd'], ['dev']],
    [['prove', '--srs', 'dev', '--o'], ['--out']],
    [['prove', '-o', ''], []],
    [['prove', ''], []],
    [['prove', 'block.json', '--d'], ['--debug']],
    [['completion', 'z'], ['zsh']],
    [
      ['watch', '--server', 'a:1', ''],
      ['ids-blocks-watch---server-a:1-', 'b2'],
    ],
    [['watch', 'b'], ['b2']],
    [['watch', '--s'], ['--server']],
  ])('%j offers %j', (words, offered) => {
    expect(completeInBash(...words)).toEqual(offered);
  });
});

it('makes a zsh script with descriptions, quoted', () => {
  const script = zshCompletion(root);
  expect(script.startsWith('#compdef espalier\n')).toBe(true);
  expect(script).toContain(`followers=('prove:prove: a block' 'srs:the SRS' 'watch' 'completion')`);
  expect(script).toContain(`'--debug:show where it'\\''s from'`);
  expect(script).toContain(`('prove --srs') compadd -- 'canonical' 'dev'; return ;;`);
});

it('asks the server for ids in zsh', () => {
  expect(zshCompletion(root)).toContain(`compadd -- \${(f)"$(espalier ids $ids "\${(@)words[2,-1]}" 2>/dev/null)"}`);
  expect(zshCompletion(root)).toContain(' ids=blocks; ;;');
});

it('makes a fish script with descriptions, quoted', () => {
  const lines = fishCompletion(root).split('\n');
  expect(lines).toContain(`complete -c espalier -n '__espalier_at' -a 'srs' -d 'the SRS'`);
  expect(lines).toContain(`complete -c espalier -n '__espalier_at' -l debug -d 'show where it\\'s from'`);
  expect(lines).toContain(`complete -c espalier -n '__espalier_at srs fetch' -l force -d 'again'`);
  expect(lines).toContain(`complete -c espalier -n '__espalier_at prove' -l srs -x -a 'canonical dev'`);
  expect(lines).toContain(`complete -c espalier -n '__espalier_at prove' -F`);
  expect(lines).toContain(
    `complete -c espalier -n '__espalier_at watch' -a '(espalier ids blocks (commandline -opc)[2..-1] 2>/dev/null)'`,
  );
});
