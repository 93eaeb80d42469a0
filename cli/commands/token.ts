import { type Command, InvalidArgumentError } from 'commander';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP } from './server-options.js';

const ROLES = ['submit', 'watch', 'operate'] as const;
type Role = (typeof ROLES)[number];

interface RawTokenOptions {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly json?: boolean;
}

/** `espalier token new`. */
export function registerToken(program: Command, context: CliContext): void {
  const token = program.command('token').helpGroup(API_GROUP).description('make bearer tokens for the API');
  const command = token
    .command('new')
    .description('make a token, which is shown once, and the entry for the access file of the orchestrators')
    .requiredOption('--name <name>', 'whose it is, for logs', parseName)
    .requiredOption('--roles <roles>', `what it may do, some of ${ROLES.join(', ')}, separated by commas`, parseRoles)
    .option('--json', 'print one JSON object');
  command.action((options: RawTokenOptions) => make(options, context));
  addExamples(command, [
    { line: 'espalier token new --name sequencer --roles submit,watch', meaning: 'add the entry to the access file' },
    { line: 'espalier token new --name ops --roles watch,operate --json', meaning: 'for a program' },
  ]);
}

async function make({ name, roles, json }: RawTokenOptions, { stdout }: CliContext): Promise<void> {
  const { newToken } = await import('../api/new-token.js');
  const { token, sha256 } = newToken();
  const entry = { name, roles, sha256 };
  stdout.write(
    json
      ? `${JSON.stringify({ token, entry })}\n`
      : `token  ${token}\nentry  ${JSON.stringify(entry)}\n\nkeep the token secret: it is not shown again; the entry goes into the list in the access file\n`,
  );
}

function parseName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 64 letters, digits, dots, _ and -.');
}

function parseRoles(text: string): readonly Role[] {
  const names = text.split(',').map((name) => name.trim());
  const roles = ROLES.filter((role) => names.includes(role));
  if (roles.length > 0 && names.every((name) => roles.includes(name as Role))) return roles;
  throw new InvalidArgumentError(`It must be some of ${ROLES.join(', ')}, separated by commas.`);
}
