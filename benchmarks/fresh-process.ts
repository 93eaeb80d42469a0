import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../common/index.js';

/**
 * Runs a compiled module of this folder (`scopes/plan-once.js`) in a fresh Node process and resolves with the one JSON
 * value it prints: so that its time holds no warm-up of another repetition, and its peak memory nothing of the runner's.
 * `node`: the Node to run it.
 */
export async function inFreshProcess(
  module: string,
  args: readonly string[],
  node: string = process.execPath,
): Promise<unknown> {
  const path = join(packageRoot(import.meta.url), 'dist', 'benchmarks', module);
  const child = spawn(node, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${path} exited with ${code}`);
  return JSON.parse(output);
}
