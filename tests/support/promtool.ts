import { execFileSync } from 'node:child_process';

/** Runs `promtool` in a folder, and returns what it says. Throws with that where it finds fault. */
export function promtool(folder: string, ...args: readonly string[]): string {
  return execFileSync('promtool', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
