import { type Command, Option } from 'commander';
import { LOG_LEVELS, type LogLevel } from '../cluster/process-log.js';

/** How a process logs, as commander gives it. */
export interface RawLogOptions {
  readonly json?: boolean;
  readonly logLevel: LogLevel;
}

/** Adds `--json` and `--log-level`. */
export function addLogOptions(command: Command): Command {
  return command
    .option('--json', 'log one JSON line an event')
    .addOption(
      new Option('--log-level <level>', 'leave out what matters less than this').choices(LOG_LEVELS).default('info'),
    );
}
