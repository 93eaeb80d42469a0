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
    .action((options: { json?: boolean }) => {
      const versions = readVersions();
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

function readVersions(): Readonly<Record<string, string>> {
  const { version, dependencies } = readPackageInfo();
  return {
    espalier: version,
    barretenberg: dependencies['@aztec/bb.js'] ?? 'none',
    noir: dependencies['@noir-lang/noir_js'] ?? 'none',
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}
