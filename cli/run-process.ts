import { EspalierError, systemClock } from '../common/index.js';
import { Aside } from './aside.js';
import { COMMANDS, type RegisterCommand } from './commands/index.js';
import { takeEarlyNotice } from './early-notice.js';
import { Interrupts, interruption } from './interrupt.js';
import { reportError } from './report-error.js';
import { runCli } from './run-cli.js';

/** Runs a command line as this whole process: with its streams, its environment, its signals and its exit code. */
export async function runProcess(
  args: readonly string[],
  commands: readonly RegisterCommand[] = COMMANDS,
): Promise<void> {
  const { stdout, stderr } = process;
  const aside = new Aside(stderr);
  const interrupts = new Interrupts(process, (line) => aside.say(line));
  if (takeEarlyNotice()) interrupts.abort(interruption('stopped by SIGUSR1'));

  // Whoever read our output is gone (`espalier … | head`): there is nobody to go on for.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    interrupts.abort(interruption('nobody reads the output any more'));
  });
  // Without a reader of stderr there is nobody to tell.
  stderr.on('error', () => undefined);

  process.on('uncaughtException', (thrown) => {
    const error = EspalierError.from(thrown);
    stderr.write(reportError(error, { debug: args.includes('--debug') }));
    process.exit(error.exitCode);
  });

  const context = {
    stdout,
    stderr,
    aside,
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    signal: interrupts.signal,
    takeOverSignals: interrupts.takeOver.bind(interrupts),
  };
  process.exitCode = await runCli(args, context, commands);
}
