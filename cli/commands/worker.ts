import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { cacheFolder, EspalierError } from '../../common/index.js';
import type { Prover, SimulatedProverOptions } from '../../native/index.js';
import { RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
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

interface RawWorkerOptions extends RawClusterOptions, RawEngineOptions, RawSimulationOptions {
  readonly classes?: readonly ResourceClass[];
  readonly profile?: string;
  readonly machine?: string;
  readonly cores?: number;
  readonly memory?: number;
  readonly grace: number;
  readonly key?: string;
  readonly json?: boolean;
}

const GRACE_SECONDS_DEFAULT = 300;
const GRACE_SECONDS_MAX = 86_400;
const CORES_MAX = 1_024;
const MEMORY_GIB_MIN = 0.125;
const MEMORY_GIB_MAX = 65_536;

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
  addClusterOptions(command)
    .option(
      '--classes <list>',
      'take jobs of these classes only: vm, rollup, gpu (default: all that fit)',
      parseClasses,
    )
    .option('--profile <file>', 'what proofs of each class need (default: chosen by the size of the machine)')
    .option(
      '--machine <name>',
      'name of this machine: a job that kills workers on two is given up (default: host name)',
    )
    .option('--cores <count>', 'offer no more cores than this', parseCount('--cores', 1, CORES_MAX))
    .option('--memory <gib>', 'offer no more memory than this, in GiB', parseMemory)
    .option(
      '--grace <seconds>',
      'how long proofs may go on after SIGTERM before they are given back',
      parseCount('--grace', 0, GRACE_SECONDS_MAX),
      GRACE_SECONDS_DEFAULT,
    )
    .option(
      '--key <file>',
      "this worker's ed25519 key, made where it is missing (default: worker-key.pem in the cache)",
    )
    .option('--json', 'log one JSON line an event');
  addSimulationOption(addEngineOptions(command)).action((options: RawWorkerOptions) =>
    run(options, context, makeProver),
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
  const log = openProcessLog(context, raw);
  const engine = parseEngineOptions(raw, context, engineLog(log, raw));
  const { readProfile } = await import('../run/chosen-profile.js');
  const { runWorker } = await import('../cluster/run-worker.js');
  const { machineName } = await import('../cluster/worker-machine.js');
  const { prover } = engine;
  const stand = prover.kind === 'simulated' ? makeProver?.(prover.simulation ?? {}) : undefined;
  await runWorker(
    {
      address,
      engine,
      machine: machineName(raw.machine),
      classes: raw.classes,
      profile: raw.profile === undefined ? undefined : await readProfile(resolve(context.cwd, raw.profile)),
      caps: { cores: raw.cores, memoryGiB: raw.memory },
      graceMs: raw.grace * 1_000,
      keyFile: raw.key === undefined ? join(cacheFolder(context.env), 'worker-key.pem') : resolve(context.cwd, raw.key),
      log,
      signal: context.signal,
      takeOverSignals: (handler) => context.takeOverSignals(handler),
    },
    stand === undefined ? {} : { prover: stand },
  );
}

function parseClasses(text: string): readonly ResourceClass[] {
  const names = text.split(',').map((name) => name.trim());
  const classes = RESOURCE_CLASSES.filter((name) => names.includes(name));
  if (names.every((name) => (RESOURCE_CLASSES as readonly string[]).includes(name))) return classes;
  throw new EspalierError('usage', `--classes must be some of ${RESOURCE_CLASSES.join(', ')}, got "${text}"`);
}

function parseMemory(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= MEMORY_GIB_MIN && value <= MEMORY_GIB_MAX) return value;
  throw new EspalierError(
    'usage',
    `--memory must be a number from ${MEMORY_GIB_MIN} to ${MEMORY_GIB_MAX}, got "${text}"`,
  );
}
