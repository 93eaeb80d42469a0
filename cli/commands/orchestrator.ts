import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import { openProcessLog } from '../cluster/process-log.js';
import type { CliContext } from '../context.js';
import { addApiOptions, parseApiOptions, parseScalerListen, type RawApiOptions } from './api-options.js';
import { addClusterOptions, CLUSTER_GROUP, parseClusterOptions, type RawClusterOptions } from './cluster-options.js';
import { EMBEDDED_FOLDER_DEFAULT, parseEmbeddedFolder } from './embedded-options.js';
import {
  addEngineOptions,
  addSimulationOption,
  engineLog,
  parseEngineOptions,
  type RawEngineOptions,
  type RawSimulationOptions,
} from './engine-options.js';
import { addExamples } from './examples.js';
import { addLogOptions, type RawLogOptions } from './log-options.js';
import { addMachineOptions, parseMachineOptions, type RawMachineOptions } from './machine-options.js';
import { addMonitoringOptions, parseMonitoringOptions, type RawMonitoringOptions } from './monitoring-options.js';

interface RawOrchestratorOptions
  extends RawClusterOptions,
    RawEngineOptions,
    RawSimulationOptions,
    RawApiOptions,
    RawMachineOptions,
    RawLogOptions,
    RawMonitoringOptions {
  readonly embedded?: boolean;
  readonly keepProofs?: boolean;
  readonly name?: string;
}

/** Options that mean something only where the worker is in this process. */
const OF_WORKER = ['classes', 'cores', 'memory', 'key', 'simulateMs'] as const;

/** `espalier orchestrator`. */
export function registerOrchestrator(program: Command, context: CliContext): void {
  const command = program
    .command('orchestrator')
    .helpGroup(CLUSTER_GROUP)
    .description(
      'drive the blocks of a cluster and serve its API, until told to end; another one then goes on with them. ' +
        'With --embedded it needs no Redis and proves in this process',
    )
    .option(
      '--embedded',
      `orchestrator, queue and one worker in this process; --store: a folder (default: ${EMBEDDED_FOLDER_DEFAULT})`,
    );
  addApiOptions(addClusterOptions(command))
    .option('--profile <file>', 'which class of worker proves each circuit, and what the classes are')
    .option('--keep-proofs', 'keep child proofs when their parent is proven')
    .option('--name <name>', 'name of this machine in logs and `espalier status` (default: host name)');
  addMachineOptions(addSimulationOption(addEngineOptions(addMonitoringOptions(addLogOptions(command))))).action(
    (options: RawOrchestratorOptions) => run(options, context),
  );
  addExamples(command, [
    {
      line: 'espalier orchestrator --embedded',
      meaning: `a prover on this machine alone, into ${EMBEDDED_FOLDER_DEFAULT}/; then espalier submit block.json --watch`,
    },
    {
      line: 'espalier orchestrator --redis redis://host:6379 --store s3://bucket/proofs',
      meaning: 'run two: one may die',
    },
    {
      line: 'espalier orchestrator --listen 0.0.0.0:7420 --tls-cert tls.crt --tls-key tls.key --access-file access.json',
      meaning: 'for callers on other machines, with ESPALIER_REDIS and ESPALIER_STORE set',
    },
    {
      line: 'espalier orchestrator --scaler-listen 0.0.0.0:7421',
      meaning: 'where KEDA scales the workers; let nothing else reach that port',
    },
    { line: 'espalier orchestrator --prover simulated', meaning: 'for workers with --prover simulated' },
  ]);
}

async function run(raw: RawOrchestratorOptions, context: CliContext): Promise<void> {
  const api = parseApiOptions(raw, context);
  const scaler = parseScalerListen(raw, context);
  const address = raw.embedded === true ? undefined : parseClusterOptions(raw, context);
  if (raw.embedded !== true) refuseOptions(raw, OF_WORKER, 'says something of the worker that --embedded has');
  else refuseOptions(raw, ['redis', 'redisCa', 'namespace'], 'is not for --embedded, which has no Redis');
  const monitoring = parseMonitoringOptions(raw, context);
  const log = await openProcessLog(context, raw);
  const engine = parseEngineOptions(raw, context, engineLog(log, raw));
  const { machineName } = await import('../cluster/worker-machine.js');
  const machine = { ...(await parseMachineOptions(raw, context)), machine: machineName(raw.name) };
  const common = { engine, api, scaler, monitoring, keepProofs: raw.keepProofs === true, log, signal: context.signal };
  if (address === undefined) {
    const { runEmbedded } = await import('../cluster/run-embedded.js');
    await runEmbedded({ ...common, ...machine, folder: parseEmbeddedFolder(raw, context) });
  } else {
    const { runOrchestrator } = await import('../cluster/run-orchestrator.js');
    await runOrchestrator({ ...common, address, machine: machine.machine, profile: machine.profile });
  }
}

function refuseOptions(
  raw: RawOrchestratorOptions,
  names: readonly (keyof RawOrchestratorOptions)[],
  why: string,
): void {
  const given = names.find((name) => raw[name] !== undefined);
  if (given === undefined) return;
  const option = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new EspalierError('usage', `${option} ${why}`, { remedy: `leave ${option} out` });
}
