import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../common/index.js';

/** A server of S3's protocol (s3rver) of a test's own: a process on a free port of the loopback device, its objects files. */
export interface S3Server {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly port: number;
  readonly folder: string;
  /** The bucket there is. */
  readonly bucket: string;
  readonly pid: number;
  /** As `--store` takes it. */
  urlOf(prefix: string): string;
  /** SIGKILL; resolves when the process is gone. What it had is kept for `restart`. */
  kill(): Promise<void>;
  /** Starts it again with what it had, where it was; kills it first if it runs. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends it for good, with its folder. Idempotent. */
  stop(): Promise<void>;
}

/** What the server takes; for `AWS_ACCESS_KEY_ID` and so on, in the environment of whoever uses it. */
export const S3_CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' } as const;

const PROGRAM = join(packageRoot(import.meta.url), 'tests/fixtures/s3-server.mjs');
const BUCKET = 'espalier-test';

/** Starts one; whoever does stops it. A process that ends with it running takes it along. */
export async function startS3(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-s3-'));
  try {
    const { child, port } = await launch(folder, 0);
    return new Running(child, port, folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

class Running implements S3Server {
  readonly endpoint: string;
  readonly bucket = BUCKET;

  constructor(
    private process: ChildProcess,
    readonly port: number,
    readonly folder: string,
  ) {
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  get pid(): number {
    return this.process.pid ?? Number.NaN;
  }

  urlOf(prefix: string): string {
    return `s3://${this.bucket}/${prefix}?endpoint=${this.endpoint}&pathStyle=true`;
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
  }

  async restart(): Promise<void> {
    await this.kill();
    this.process = (await launch(this.folder, this.port)).child;
  }

  pause(): void {
    this.process.kill('SIGSTOP');
  }

  resume(): void {
    this.process.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Resolves when it takes connections; rejects with what it said when it ended instead. */
async function launch(folder: string, port: number): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const args = ['--openssl-legacy-provider', '--no-deprecation', PROGRAM, folder, `${port}`, BUCKET];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = () => child.kill('SIGKILL');
  process.on('exit', end);
  child.once('exit', () => process.off('exit', end));
  const said: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    said.push(line);
    if (said.length > 50) said.shift();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`the S3 server ended (${code}): ${said.join('\n')}`)));
    createInterface(child.stdout).once('line', (line) => resolve({ child, port: Number(line) }));
  });
}
