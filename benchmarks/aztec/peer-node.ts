import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../common/index.js';

/** Where Aztec's packages are installed. */
export function peersFolder(): string {
  return join(packageRoot(import.meta.url), 'benchmarks', 'peers');
}

export interface PeerNode {
  /** The node that all peers are to run on. */
  readonly path: string;
  /** Why Aztec's broker does not run on it, and what to do; undefined where it does. */
  readonly aztecMissing?: string;
}

const REMEDY = 'benchmarks/peers/setup.sh sets it up';
const MODULE = '@aztec/native';

/** The one that `setup.sh` has made, where there is one that works, else this one. */
export async function findPeerNode(): Promise<PeerNode> {
  const own = process.execPath;
  if (!existsSync(join(peersFolder(), 'node_modules', MODULE))) {
    return { path: own, aztecMissing: `its packages are not installed: ${REMEDY}` };
  }
  for (const path of [join(peersFolder(), '.runtime', 'node'), own]) {
    if (await runs(path, ['--input-type=module', '--eval', `await import('${MODULE}')`], peersFolder()))
      return { path };
  }
  return { path: own, aztecMissing: `its native module does not load (it needs glibc 2.38): ${REMEDY}` };
}

/** Whether the program can be started there and ends well. What it says is not shown. */
function runs(path: string, args: readonly string[], folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(path, args, { cwd: folder, stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
