/** `npm run bench -- SCOPE [--json FILE] [--repetitions N]` */
import { Command, InvalidArgumentError } from 'commander';
import { watchOthers } from '../native/index.js';
import { formatRows } from './format-rows.js';
import { keepRows } from './kept-rows.js';
import { machine } from './machine.js';
import type { Row } from './scope.js';
import { SCOPES } from './scopes/index.js';

const REPETITIONS_MAX = 1_000;

interface Options {
  readonly json?: string;
  readonly repetitions?: number;
}

async function bench(scopeName: string, options: Options): Promise<void> {
  const scope = SCOPES[scopeName];
  if (scope === undefined) {
    throw new InvalidArgumentError(`there is no scope "${scopeName}"; there are ${Object.keys(SCOPES).join(', ')}`);
  }
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  const repetitions = options.repetitions ?? scope.repetitions;
  const othersCores = watchOthers();
  const measured = await scope.run({ repetitions, progress });
  const rows = [...measured, othersRow(scopeName, othersCores() ?? Number.NaN)];
  process.stdout.write(`${machine()}\n${formatRows(rows)}`);
  if (options.json !== undefined) await keepRows(options.json, rows, repetitions);
}

/** What all of a scope is worth: what is measured on a machine that others use too is worth as much as this is small. */
function othersRow(scopeName: string, value: number): Row {
  const note = 'over the whole run';
  return { name: `${scopeName}/cores-of-others`, unit: 'cores', value, spread: [value, value], note, repetitions: 1 };
}

function repetitions(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= REPETITIONS_MAX) return count;
  throw new InvalidArgumentError(`an integer from 1 to ${REPETITIONS_MAX} is wanted`);
}

const scopes = Object.entries(SCOPES).map(([name, { description }]) => `  ${name}: ${description}`);
const command = new Command('bench')
  .argument('<scope>', 'what to measure')
  .option('--json <file>', 'also write the rows, one JSON object a line')
  .option('--repetitions <n>', 'measure so many times and give the median', repetitions)
  .addHelpText('after', `\nScopes:\n${scopes.join('\n')}`)
  .action(bench);

try {
  await command.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
