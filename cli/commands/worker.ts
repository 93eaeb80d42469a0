import type { Command } from 'commander';
import type { Prover, SimulatedProverOptions } from '../../native/index.js';
import { openProcessLog } from '../cluster/process-log.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, parseClusterOptions, type RawClusterOptions } from './cluster-options.js';
import {
  addEngineOptions,
  addSimulationOption,
  engineLog,
  parseCount,
  parseEngineOptions,
  type RawEngineOptions,
  type RawSimulationOptions,
} from './engine-options.js';
import { addExamples } from './examples.js';
import { addLogOptions, type RawLogOptions } from './log-options.js';
import { addMachineOptions, parseMachineOptions, type RawMachineOptions } from './machine-options.js';
import { addMonitoringOptions, parseMonitoringOptions, type RawMonitoringOptions } from './monitoring-options.js';

interface RawWorkerOptions
  extends RawClusterOptions,
    RawEngineOptions,
    RawSimulationOptions,
    RawMachineOptions,
    RawLogOptions,
    RawMonitoringOptions {
  readonly machine?: string;
  readonly grace: number;
}

const GRACE_SECONDS_DEFAULT = 300;
const GRACE_SECONDS_MAX = 86_400;

/** Makes the prover that stands in for the simulated one: for tests of what provers may do wrong. */
export type MakeProver = (options: SimulatedProverOptions) => Prover;

/** `espalier worker`. */
export function registerWorker(program: Command, context: CliContext, makeProver?: MakeProver): void {
  const command = program
    .command('worker')
    .helpGroup(CLUSTER_GROUP)
    .description(
      'prove jobs of a cluster, until told to end (SIGTERM: finish what runs; SIGUSR1: give it back at once)',
    );
  addMachineOptions(addClusterOptions(command))
    .option(
      '--profile <file>',
      'what proofs of each class need (default: what `tune` found, else by the size of the machine)',
    )
    .option(
      '--machine <name>',
      'name of this machine: a job that kills workers on two is given up (default: host name)',
    )
    .option(
      '--grace <seconds>',
      'how long proofs may go on after SIGTERM before they are given back',
      parseCount('--grace', 0, GRACE_SECONDS_MAX),
      GRACE_SECONDS_DEFAULT,
    );
  addSimulationOption(addEngineOptions(addMonitoringOptions(addLogOptions(command)))).action(
    (options: RawWorkerOptions) => run(options, context, makeProver),
  );
  addExamples(command, [
    {
      line: 'espalier worker --redis redis://host:6379 --store s3://bucket/proofs',
      meaning: 'all that this machine can',
    },
    {
      line: 'espalier worker --classes rollup --cores 16 --memory 32',
      meaning: 'a part of it, with ESPALIER_REDIS set',
    },
    { line: 'espalier worker --prover simulated --simulate-ms 200', meaning: 'a dry run: these proofs prove nothing' },
  ]);
}

async function run(raw: RawWorkerOptions, context: CliContext, makeProver: MakeProver | undefined): Promise<void> {
  const address = parseClusterOptions(raw, context);
  const monitoring = parseMonitoringOptions(raw, context);
  const log = await openProcessLog(context, raw);
  const engine = parseEngineOptions(raw, context, engineLog(log, raw));
  const { runWorker } = await import('../cluster/run-worker.js');
  const { machineName } = await import('../cluster/worker-machine.js');
  const { prover } = engine;
  const stand = prover.kind === 'simulated' ? makeProver?.(prover.simulation ?? {}) : undefined;
  await runWorker(
    {
      address,
      engine,
      monitoring,
      machine: machineName(raw.machine),
      ...(await parseMachineOptions(raw, context)),
      graceMs: raw.grace * 1_000,
      log,
      signal: context.signal,
      takeOverSignals: (handler) => context.takeOverSignals(handler),
    },
    stand === undefined ? {} : { prover: stand },
  );
}
