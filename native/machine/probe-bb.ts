import { execFile } from 'node:child_process';

/** Whether a `bb` starts: its version, or what stood in the way (the loader's own message, where there is one). */
export type BbProbe = { readonly version: string } | { readonly problem: string };

const DEFAULT_TIMEOUT_MS = 10_000;
/** A loader that misses a library may name every symbol. */
const PROBLEM_LENGTH_MAX = 400;

export function probeBb(path: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<BbProbe> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const version = /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0];
      if (error === null && version !== undefined) resolve({ version });
      else if (error?.killed) resolve({ problem: `it did not answer within ${timeoutMs} ms` });
      else
        resolve({
          problem: (stderr.trim() || error?.message || `it said ${stdout.trim()}`).slice(0, PROBLEM_LENGTH_MAX),
        });
    });
  });
}
