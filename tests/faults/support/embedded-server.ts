import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../common/index.js';
import { runCommand } from '../../support/run-command.js';
import { Program } from './program.js';

const CLI = join(packageRoot(import.meta.url), 'dist', 'cli', 'main.js');

/** `espalier orchestrator --embedded` as a process, with simulated proofs, and commands that ask it. */
export class EmbeddedServer {
  readonly folder: string;
  readonly #args: readonly string[];
  readonly #programs: Program[] = [];
  /** Those of commands; a test may add to them. */
  readonly env: Record<string, string>;
  #server: Program | undefined;

  private constructor(folder: string, args: readonly string[]) {
    this.folder = folder;
    this.#args = args;
    this.env = { PATH: process.env['PATH'] ?? '', HOME: folder, ESPALIER_CACHE: join(folder, 'cache') };
  }

  /** Ready when it resolves. A later start listens where the first did, and goes on with its blocks. */
  static async start(args: readonly string[] = []): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(await mkdtemp(join(tmpdir(), 'espalier-server-')), args);
    await server.start();
    return server;
  }

  get address(): string {
    return this.env['ESPALIER_SERVER'] ?? '';
  }

  async start(): Promise<void> {
    const listen = ['--listen', this.address === '' ? '127.0.0.1:0' : this.address];
    const args = [
      'orchestrator',
      '--embedded',
      '--prover',
      'simulated',
      '--json',
      '--store',
      join(this.folder, 'store'),
    ];
    this.#server = this.#spawn('server', [...args, ...listen, ...this.#args]);
    const { address } = await this.#server.until(({ kind }) => kind === 'api');
    this.env['ESPALIER_SERVER'] = String(address);
  }

  async kill(): Promise<void> {
    await this.#server?.end();
  }

  /** A command as a process of its own. */
  program(...args: readonly string[]): Program {
    return this.#spawn(args.join(' '), args);
  }

  /** A command to its end, in this process. */
  async run(...args: readonly string[]) {
    const { exitCode, stdout, stderr } = await runCommand(args, { cwd: this.folder, env: this.env });
    return { exitCode, stdout, stderr };
  }

  /** The last JSON line that a command prints, which must end well. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await this.run(...args, '--json');
    if (exitCode !== 0) throw new Error(`espalier ${args.join(' ')} exited with ${exitCode}: ${stderr}`);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
  }

  /** Makes a block file. */
  async block(name: string, ...args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.run('block', 'new', ...args, '--prover', 'simulated', '-o', name);
    if (exitCode !== 0) throw new Error(stderr);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.end()));
    await rm(this.folder, { recursive: true, force: true });
  }

  #spawn(name: string, args: readonly string[]): Program {
    const program = new Program(name, [CLI, ...args], this.env);
    this.#programs.push(program);
    return program;
  }
}
