import { Command, type CommanderError } from 'commander';
import { COMMANDS, type RegisterCommand } from './commands/index.js';
import type { CliContext } from './context.js';
import { readPackageInfo } from './package-info.js';
import { CliExit, usageError } from './usage-error.js';

/** The whole command tree. Parsing it rejects with an `EspalierError`, or with `CliExit` once help was shown. */
export function buildProgram(context: CliContext, commands: readonly RegisterCommand[] = COMMANDS): Command {
  const program = new Command('espalier')
    .description('Proves rollup blocks: plans the proof tree, schedules it by dependency, proves it with Barretenberg.')
    .option('--debug', 'when something fails, show where it came from: causes and stack traces')
    .version(readPackageInfo().version, '-V, --version', 'print the version alone')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      // Errors are printed by `runCli`, in one form for all.
      outputError: () => undefined,
      getOutHelpWidth: () => context.stdout.columns || 100,
      getErrHelpWidth: () => context.stderr.columns || 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', '\nSee `espalier help <command>` for its options and examples.');
  for (const register of commands) register(program, context);
  throwInsteadOfExit(program);
  return program;
}

/** Makes every command of the tree throw where commander would end the process, naming the command to get help for. */
function throwInsteadOfExit(command: Command, parentPath = ''): void {
  const path = `${parentPath} ${command.name()}`.trimStart();
  command.exitOverride((error: CommanderError) => {
    if (error.exitCode === 0) throw new CliExit(0);
    if (error.code === 'commander.help') throw new CliExit(2);
    throw usageError(error, path);
  });
  for (const child of command.commands) throwInsteadOfExit(child, path);
}
