import { isAbsolute, resolve } from 'node:path';
import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { SrsChoice } from '../../native/index.js';
import type { ProcessLog } from '../cluster/process-log.js';
import type { CliContext } from '../context.js';
import type { EngineOptions, ProverName } from '../run/engine.js';

/** Options of every command that proves or verifies, as commander gives them. */
export interface RawEngineOptions {
  readonly srs?: string;
  readonly prover: string;
}

/** Options of commands that prove for as long as they run, where it matters how long a simulated proof takes. */
export interface RawSimulationOptions {
  readonly simulateMs?: number;
}

const SIMULATE_MS_MAX = 3_600_000;

const PROVERS = ['native', 'wasm', 'simulated'] as const;

/** Adds `--srs` and `--prover`. */
export function addEngineOptions(command: Command): Command {
  return command
    .option(
      '--srs <canonical|dev|DIR>',
      'SRS to prove with; default: canonical if it can be had, else dev with a warning',
    )
    .option(
      '--prover <native|wasm|simulated|external:PATH>',
      'what makes the proofs; external: an executable that takes the arguments of `bb prove`',
      'native',
    );
}

/** Adds `--simulate-ms`. */
export function addSimulationOption(command: Command): Command {
  return command.option(
    '--simulate-ms <ms>',
    'how long each proof of the simulated prover takes (default: 1000)',
    parseCount('--simulate-ms', 0, SIMULATE_MS_MAX),
  );
}

export function parseEngineOptions(
  raw: RawEngineOptions & RawSimulationOptions,
  context: CliContext,
  say: Pick<EngineOptions, 'onWarning' | 'onWait'>,
): EngineOptions {
  return {
    srs: parseSrs(raw.srs, context.cwd),
    prover: withSimulation(parseProver(raw.prover, context.cwd), raw.simulateMs),
    env: context.env,
    signal: context.signal,
    ...say,
  };
}

export function parseSrs(text: string | undefined, cwd: string): SrsChoice {
  if (text === undefined) return 'auto';
  if (text === 'canonical') return 'canonical';
  if (text === 'dev' || text === 'development') return 'development';
  return { folder: resolve(cwd, text) };
}

function parseProver(text: string, cwd: string): ProverName {
  const name = PROVERS.find((known) => known === text);
  if (name !== undefined) return { kind: name };
  const [, path] = /^external:(.+)$/.exec(text) ?? [];
  if (path !== undefined) return { kind: 'external', executable: isAbsolute(path) ? path : resolve(cwd, path) };
  throw new EspalierError('usage', `--prover must be ${PROVERS.join(', ')} or external:PATH, got "${text}"`);
}

function withSimulation(prover: ProverName, simulateMs: number | undefined): ProverName {
  if (simulateMs === undefined) return prover;
  if (prover.kind === 'simulated') return { ...prover, simulation: { defaultDurationMs: simulateMs } };
  throw new EspalierError('usage', `--simulate-ms says nothing to the ${prover.kind} prover`, {
    remedy: 'add --prover simulated, or leave --simulate-ms out',
  });
}

/** What an engine says while it starts, in the log of a process. */
export function engineLog(log: ProcessLog, { prover }: RawEngineOptions): Pick<EngineOptions, 'onWarning' | 'onWait'> {
  return {
    onWarning: (message) => log.warn(warningCode({ prover }), message),
    onWait: (message) => log.write('plain', message, { kind: 'waiting', message }),
  };
}

/** Which warning the engine of this prover gives. */
export function warningCode({ prover }: RawEngineOptions): 'development-srs' | 'simulated-prover' {
  return prover === 'simulated' ? 'simulated-prover' : 'development-srs';
}

/** For options that count: an integer from `min` to `max`. */
export function parseCount(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new EspalierError('usage', `${option} must be an integer from ${min} to ${max}, got "${text}"`);
  };
}
