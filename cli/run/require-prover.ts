import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { EspalierError } from '../../common/index.js';
import { findBb, probeBb } from '../../native/index.js';
import type { ProverName } from './engine.js';

/**
 * Tries the programs that a prover runs, before minutes go into an SRS for it. Rejects with `prover-unavailable`: a
 * prover that was named is never replaced by another one.
 */
export async function requireProver(
  prover: ProverName,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  if (prover.kind === 'external') await requireExecutable(prover.executable);
  if (prover.kind === 'native' || prover.kind === 'external') await requireBb(findBb(env));
}

async function requireBb(path: string): Promise<void> {
  const probe = await probeBb(path);
  if ('version' in probe) return;
  throw unavailable(path, probe.problem, 'run `espalier doctor`, or name a bb that runs on this system in ESPALIER_BB');
}

async function requireExecutable(path: string): Promise<void> {
  const remedy = 'name an executable file that takes the arguments of `bb prove`: --prover external:PATH';
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unavailable(path, error.code === 'ENOENT' ? 'there is no such file' : error.message, remedy);
  });
  if (!found.isFile()) throw unavailable(path, 'it is no file', remedy);
  await access(path, constants.X_OK).catch(() => {
    throw unavailable(path, 'it is not executable', remedy);
  });
}

function unavailable(path: string, problem: string, remedy: string): EspalierError {
  return new EspalierError('prover-unavailable', `the prover ${path} does not start: ${problem}`, { remedy });
}
