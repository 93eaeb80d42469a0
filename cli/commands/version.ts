import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { formatTable } from '../format.js';
import { readPackageInfo } from '../package-info.js';
import { addExamples } from './examples.js';

/** `espalier version [--json]`: what a bug report should say. */
export function registerVersion(program: Command, context: CliContext): void {
  const command = program
    .command('version')
    .description('print the versions of espalier, its prover, its circuit compiler, and Node')
    .option('--json', 'print one JSON object')
    .action(async (options: { json?: boolean }) => {
      const versions = await readVersions(context.env);
      const text = options.json
        ? `${JSON.stringify(versions)}\n`
        : formatTable(Object.entries(versions).map(([name, version]) => [name, version]));
      context.stdout.write(text);
    });
  addExamples(command, [
    { line: 'espalier version', meaning: 'a line for each part' },
    { line: 'espalier version --json', meaning: 'the same for a program' },
  ]);
}

async function readVersions(env: CliContext['env']): Promise<Readonly<Record<string, string>>> {
  const { version, dependencies } = readPackageInfo();
  return {
    espalier: version,
    barretenberg: dependencies['@aztec/bb.js'] ?? 'none',
    bb: await bbVersion(env),
    noir: dependencies['@noir-lang/noir_js'] ?? 'none',
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}

/** What `bb` reports itself, which is not always the package's version: keys and proofs go by it. */
async function bbVersion(env: CliContext['env']): Promise<string> {
  const { findBb, probeBb } = await import('../../native/index.js');
  try {
    const probe = await probeBb(findBb(env));
    return 'version' in probe ? probe.version : `does not start: ${probe.problem.replaceAll('\n', ' ')}`;
  } catch (error) {
    return `missing: ${(error as Error).message}`;
  }
}
