import { EspalierError } from '../common/index.js';
import { COMMANDS, type RegisterCommand } from './commands/index.js';
import type { CliContext } from './context.js';
import { buildProgram } from './program.js';
import { reportError } from './report-error.js';
import { CliExit } from './usage-error.js';

/**
 * Runs one command line (without `node` and the script) and resolves with the exit code of `common/errors.ts`, after a
 * failure was printed to stderr as one line. Never rejects.
 */
export async function runCli(
  args: readonly string[],
  context: CliContext,
  commands: readonly RegisterCommand[] = COMMANDS,
): Promise<number> {
  const program = buildProgram(context, commands);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CliExit) return thrown.exitCode;
    const error = EspalierError.from(thrown);
    context.stderr.write(reportError(error, { debug: program.opts()['debug'] === true }));
    return error.exitCode;
  }
}
