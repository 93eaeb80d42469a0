import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.js';
import { describeCommands } from '../completion/command-node.js';
import { fishCompletion } from '../completion/fish.js';
import { zshCompletion } from '../completion/zsh.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';

const GENERATORS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
type Shell = keyof typeof GENERATORS;

/** `espalier completion bash|zsh|fish`: the script, made from the very commands that are registered. */
export function registerCompletion(program: Command, context: CliContext): void {
  const command = program
    .command('completion')
    .description('print a script that completes espalier commands in your shell')
    .addArgument(new Argument('<shell>', 'the shell to complete in').choices(Object.keys(GENERATORS)))
    .action((shell: Shell) => void context.stdout.write(GENERATORS[shell](describeCommands(program))));
  addExamples(command, [
    { line: 'eval "$(espalier completion bash)"', meaning: 'this shell; put it into ~/.bashrc to keep it' },
    { line: 'source <(espalier completion zsh)', meaning: 'likewise, for ~/.zshrc after compinit' },
    { line: 'espalier completion fish > ~/.config/fish/completions/espalier.fish', meaning: 'every new shell' },
  ]);
}
