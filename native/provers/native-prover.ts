import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Srs } from '../srs/srs.js';
import { BarretenbergProver } from './barretenberg-prover.js';
import { proverUnavailable } from './prover-failure.js';

const VERSION_TIMEOUT_MS = 20_000;

/**
 * Proves with the `bb` binary of an SRS, in processes of their own (`bb msgpack run`). `bb` maps the points it needs
 * from `CRS_PATH` when it first needs them.
 *
 * Rejects with `prover-unavailable` when the binary does not start.
 */
export async function createNativeProver(srs: Srs): Promise<BarretenbergProver> {
  const version = await versionOf(srs.bbPath);
  return new BarretenbergProver({
    identity: { kind: 'native', version, srs: srs.name },
    srs,
    launch: ({ threads }) => ({
      command: srs.bbPath,
      args: ['msgpack', 'run'],
      env: barretenbergEnv(srs, threads),
    }),
    prepare: async () => {},
    serves: () => true,
  });
}

/** The environment in which Barretenberg programs find their SRS and the cores they may use. */
export function barretenbergEnv(srs: Srs, threads: number): Record<string, string | undefined> {
  return { ...process.env, CRS_PATH: srs.folder, HARDWARE_CONCURRENCY: String(threads) };
}

/** What `bb --version` says. */
async function versionOf(bbPath: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(bbPath, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return stdout.trim();
  } catch (error) {
    throw proverUnavailable(bbPath, error instanceof Error ? error.message : String(error));
  }
}
