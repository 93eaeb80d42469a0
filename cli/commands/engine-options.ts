import { isAbsolute, resolve } from 'node:path';
import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { SrsChoice } from '../../native/index.js';
import type { CliContext } from '../context.js';
import type { EngineOptions, ProverName } from '../run/engine.js';

/** Options of every command that proves or verifies, as commander gives them. */
export interface RawEngineOptions {
  readonly srs?: string;
  readonly prover: string;
}

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

export function parseEngineOptions(
  raw: RawEngineOptions,
  context: CliContext,
  say: Pick<EngineOptions, 'onWarning' | 'onWait'>,
): EngineOptions {
  return {
    srs: parseSrs(raw.srs, context.cwd),
    prover: parseProver(raw.prover, context.cwd),
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

/** For options that count: an integer from `min` to `max`. */
export function parseCount(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new EspalierError('usage', `${option} must be an integer from ${min} to ${max}, got "${text}"`);
  };
}
