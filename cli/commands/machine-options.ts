import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { cacheFolder, EspalierError } from '../../common/index.js';
import { RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import type { WorkerMachineOptions } from '../cluster/start-worker.js';
import type { CliContext } from '../context.js';
import { parseCount } from './engine-options.js';

/** What a worker offers of its machine, as commander gives it. */
export interface RawMachineOptions {
  readonly classes?: readonly ResourceClass[];
  readonly profile?: string;
  readonly cores?: number;
  readonly memory?: number;
  readonly key?: string;
}

const CORES_MAX = 1_024;
const MEMORY_GIB_MIN = 0.125;
const MEMORY_GIB_MAX = 65_536;

/** Adds `--classes`, `--cores`, `--memory` and `--key`. `--profile` is the command's own: it means more to some. */
export function addMachineOptions(command: Command): Command {
  return command
    .option(
      '--classes <list>',
      'take jobs of these classes only: vm, rollup, gpu (default: all that fit)',
      parseClasses,
    )
    .option('--cores <count>', 'offer no more cores than this', parseCount('--cores', 1, CORES_MAX))
    .option('--memory <gib>', 'offer no more memory than this, in GiB', parseMemory)
    .option(
      '--key <file>',
      "this worker's ed25519 key, made where it is missing (default: worker-key.pem in the cache)",
    );
}

/** Without the machine's name. Rejects with `profile-invalid`. */
export async function parseMachineOptions(
  raw: RawMachineOptions,
  { env, cwd }: Pick<CliContext, 'env' | 'cwd'>,
): Promise<Omit<WorkerMachineOptions, 'machine'>> {
  const { namedOrTuned } = await import('../run/chosen-profile.js');
  const path = raw.profile === undefined ? undefined : resolve(cwd, raw.profile);
  // Tuned is the whole machine: a part of it chooses by its size.
  const isWhole = raw.cores === undefined && raw.memory === undefined;
  return {
    classes: raw.classes,
    profile: path !== undefined || isWhole ? await namedOrTuned(path, env) : undefined,
    caps: { cores: raw.cores, memoryGiB: raw.memory },
    keyFile: raw.key === undefined ? join(cacheFolder(env), 'worker-key.pem') : resolve(cwd, raw.key),
  };
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
