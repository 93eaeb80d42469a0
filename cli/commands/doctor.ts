import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { DoctorCheck } from '../../native/index.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../format.js';
import { CliExit } from '../usage-error.js';
import { addExamples } from './examples.js';

/** What the machine lacks, as the errors of code 3 that proving would end with. */
const FAILED_EXIT_CODE = 3;

/** `espalier doctor`. */
export function registerDoctor(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description('check what proving needs of this machine, and name the command that mends what is missing')
    .option('--json', 'print one JSON object')
    .action((options: { readonly json?: boolean }) => run(options, context));
  addExamples(command, [
    { line: 'espalier doctor', meaning: 'exits with 3 when something fails that proving needs' },
    { line: 'espalier doctor --json', meaning: 'the same for a program' },
  ]);
}

async function run(options: { readonly json?: boolean }, context: CliContext): Promise<void> {
  const { doctorChecks } = await import('../../native/index.js');
  const checks = [...(await doctorChecks(context.env)), await checkCircuits()];
  const failed = checks.filter(({ status }) => status === 'fail');
  const text = options.json ? `${JSON.stringify({ ok: failed.length === 0, checks })}\n` : describe(checks);
  context.stdout.write(text);
  if (failed.length > 0) throw new CliExit(FAILED_EXIT_CODE);
}

async function checkCircuits(): Promise<DoctorCheck> {
  const { loadCircuits } = await import('../../circuits/index.js');
  const base = { name: 'circuits', needed: 'all compiled' };
  try {
    loadCircuits();
    return { ...base, status: 'ok', found: 'all compiled' };
  } catch (thrown) {
    const { message, remedy } = EspalierError.from(thrown);
    return { ...base, status: 'fail', found: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

const SIGNS = { ok: 'ok', warn: 'WARN', fail: 'FAIL' } as const;

/** What is wrong comes last, where it is seen, with what mends it. */
function describe(checks: readonly DoctorCheck[]): string {
  const table = formatTable(
    checks.map(({ name, status, found, needed }) => [SIGNS[status], name, found, needed]),
    { header: ['', 'what', 'found', 'needed'] },
  );
  const mending = checks.flatMap(({ name, status, remedy }) =>
    status !== 'ok' && remedy !== undefined ? [`${SIGNS[status]} ${name}: ${remedy}\n`] : [],
  );
  const fails = checks.filter(({ status }) => status === 'fail').length;
  const verdict = fails === 0 ? 'proving works on this machine' : 'proving does not work on this machine yet';
  return `${table}\n${mending.join('')}${verdict}\n`;
}
