import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openProcessLog } from '../cluster/process-log.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, parseClusterOptions, type RawClusterOptions } from './cluster-options.js';
import { addEngineOptions, engineLog, parseEngineOptions, type RawEngineOptions } from './engine-options.js';
import { addExamples } from './examples.js';

interface RawOrchestratorOptions extends RawClusterOptions, RawEngineOptions {
  readonly profile?: string;
  readonly keepProofs?: boolean;
  readonly name?: string;
  readonly json?: boolean;
}

/** `espalier orchestrator`. */
export function registerOrchestrator(program: Command, context: CliContext): void {
  const command = program
    .command('orchestrator')
    .helpGroup(CLUSTER_GROUP)
    .description('drive the blocks of a cluster, until told to end; another one then goes on with them');
  addEngineOptions(addClusterOptions(command))
    .option('--profile <file>', 'which class of worker proves each circuit, and what the classes are')
    .option('--keep-proofs', 'keep child proofs when their parent is proven')
    .option('--name <name>', 'name of this machine in logs and `espalier status` (default: host name)')
    .option('--json', 'log one JSON line an event')
    .action((options: RawOrchestratorOptions) => run(options, context));
  addExamples(command, [
    {
      line: 'espalier orchestrator --redis redis://host:6379 --store s3://bucket/proofs',
      meaning: 'run two: one may die',
    },
    { line: 'espalier orchestrator --srs canonical', meaning: 'with ESPALIER_REDIS and ESPALIER_STORE set' },
    { line: 'espalier orchestrator --prover simulated', meaning: 'for workers with --prover simulated' },
  ]);
}

async function run(raw: RawOrchestratorOptions, context: CliContext): Promise<void> {
  const address = parseClusterOptions(raw, context);
  const log = openProcessLog(context, raw);
  const engine = parseEngineOptions(raw, context, engineLog(log, raw));
  const { readProfile } = await import('../run/chosen-profile.js');
  const { runOrchestrator } = await import('../cluster/run-orchestrator.js');
  const { machineName } = await import('../cluster/worker-machine.js');
  await runOrchestrator({
    address,
    engine,
    machine: machineName(raw.name),
    profile: raw.profile === undefined ? undefined : await readProfile(resolve(context.cwd, raw.profile)),
    keepProofs: raw.keepProofs === true,
    log,
    signal: context.signal,
  });
}
