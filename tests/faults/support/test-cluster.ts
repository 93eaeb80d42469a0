import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { ClusterAddress } from '../../../cli/cluster/cluster-address.js';
import { type Engine, openEngine } from '../../../cli/run/engine.js';
import { makeBlock } from '../../../cli/run/make-block.js';
import { packageRoot } from '../../../common/index.js';
import { checkRoot, forgetBlock, planExecution, submitBlock } from '../../../orchestrator/index.js';
import { type Block, type BlockResult, blockId, sourceOf } from '../../../proto/index.js';
import { openBlobStore } from '../../../store/index.js';
import { keysLeft } from '../../support/keys-left.js';
import { startRedis } from '../../support/redis-server.js';
import { S3_CREDENTIALS, type S3Server } from '../../support/s3-server.js';
import { simulatedEngine } from '../../support/simulated-block.js';
import { type Cluster, openCluster } from './open-cluster.js';
import { type LoggedEvent, Program } from './program.js';

const CLI = join(packageRoot(import.meta.url), 'dist', 'cli', 'main.js');
const NAMESPACE = 'faults';
const SESSIONS_GONE_MS = 15_000;
/** Reports on their way to orchestrators. */
const REPORTS = /:(inbox:.*|late)$/;
const REPORTS_READ_MS = 15_000;

export interface ClusterOptions {
  /** How long a simulated proof takes. */
  readonly simulateMs?: number;
  /** Where the store is. Default: a folder of this cluster's own. */
  readonly s3?: S3Server;
  /** Real proofs, with the development SRS of this machine's cache. Default: simulated ones. */
  readonly real?: boolean;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A program in place of the command: it gets the same arguments. */
  readonly program?: string;
}

type TestRedis = Awaited<ReturnType<typeof startRedis>>;

/** Real processes of one cluster on this machine: Redis, orchestrators, workers. */
export class TestCluster {
  readonly redis: TestRedis;
  readonly engine: Engine;
  readonly folder: string;
  /** What every orchestrator and worker printed as JSON, in the order in which it arrived. */
  readonly events: LoggedEvent[] = [];
  readonly #options: ClusterOptions;
  readonly #cluster: Cluster;
  readonly #programs: Program[] = [];

  private constructor(redis: TestRedis, engine: Engine, folder: string, cluster: Cluster, options: ClusterOptions) {
    this.redis = redis;
    this.engine = engine;
    this.folder = folder;
    this.#cluster = cluster;
    this.#options = options;
  }

  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-faults-'));
    const redis = await startRedis();
    // As a process that uses it would have them.
    if (options.s3 !== undefined) Object.assign(process.env, S3_CREDENTIALS);
    const cluster = await openCluster(addressOf(redis, folder, options));
    const engine = await (options.real === true ? realEngine() : simulatedEngine());
    return new TestCluster(redis, engine, folder, cluster, options);
  }

  async orchestrator(name: string, options: ProgramOptions = {}): Promise<Program> {
    const program = this.#spawn(name, 'orchestrator', ['--name', name, '--listen', '127.0.0.1:0'], options);
    await program.until((event) => event.kind === 'ready');
    return program;
  }

  /** A worker on a machine of this name. */
  async worker(machine: string, options: ProgramOptions = {}): Promise<Program> {
    const { real, simulateMs = 300 } = this.#options;
    const args = ['--machine', machine, ...(real === true ? [] : ['--simulate-ms', String(simulateMs)])];
    const program = this.#spawn(machine, 'worker', args, options);
    await program.until((event) => event.kind === 'ready');
    return program;
  }

  /** A command of this cluster as a process, whether or not it gets to work. */
  launch(name: string, command: string, options: ProgramOptions): Program {
    return this.#spawn(name, command, [], options);
  }

  /** A block that is as big as `calls` is long; the same seed makes the same block. */
  block(calls: readonly number[], seed = 1): Promise<Block> {
    const { signal } = new AbortController();
    return makeBlock(this.engine, { txs: calls.length, calls, seed, threads: 2, signal, onProgress: () => undefined });
  }

  async submit(block: Block): Promise<string> {
    await submitBlock(block, this.#cluster);
    return blockId(block);
  }

  cancel(id: string): Promise<boolean> {
    return this.#cluster.board.cancel(id);
  }

  /** The first event, printed already or to come, of any process. */
  async until(matches: (event: LoggedEvent) => boolean): Promise<LoggedEvent> {
    const found = this.events.find(matches);
    if (found !== undefined) return found;
    return Promise.any(this.#programs.map((program) => program.until(matches)));
  }

  /** How the block ended; waits for it. */
  async ended(id: string, timeoutMs = 60_000): Promise<BlockResult> {
    const { board } = this.#cluster;
    await expect.poll(() => board.find(id), { timeout: timeoutMs, interval: 50 }).toBeUndefined();
    return this.#cluster.result(id);
  }

  /** The block is proven, its root verifies against its execution, and each job was accepted once. */
  async expectProven(block: Block, timeoutMs?: number): Promise<void> {
    const id = blockId(block);
    const result = await this.ended(id, timeoutMs);
    expect(result).toMatchObject({ state: 'proven', error: null });
    const prepared = await planExecution(sourceOf(block), this.engine, {});
    const root = await this.#cluster.proofs.getProof(result.rootId ?? '');
    if (root === undefined) throw new Error('the root proof is not in the store');
    await checkRoot(this.engine, prepared, root);
    const proven = this.accepted(id);
    expect(new Set(proven).size).toBe(proven.length);
    expect(proven.length).toBeLessThanOrEqual(prepared.tree.size);
  }

  /** Jobs of a block that orchestrators accepted, in order. */
  accepted(id: string): readonly string[] {
    return this.events
      .filter((event) => event.kind === 'job-proven' && event.blockId === id)
      .map((event) => String(event.jobId));
  }

  /** With every process ended and every block forgotten nothing is left in Redis nor in the store. */
  async expectNothingLeft(blocks: readonly Block[]): Promise<void> {
    // What a worker that was stopped stores after its block has ended is an orchestrator's to sweep up.
    await this.#end('worker');
    await expect.poll(() => this.keysLeft(REPORTS), { timeout: REPORTS_READ_MS }).toEqual([]);
    for (const id of new Set(blocks.map(blockId))) await forgetBlock(id, this.#cluster);
    await this.#end('orchestrator');
    // Sessions of killed processes have 3 s to live.
    await expect.poll(() => this.keysLeft(), { timeout: SESSIONS_GONE_MS }).toEqual([]);
    expect(await this.filesLeft()).toEqual([]);
  }

  async #end(command: string): Promise<void> {
    const programs = this.#programs.filter((program) => program.command === command);
    for (const program of programs) program.kill('SIGTERM');
    await Promise.all(programs.map((program) => program.exited));
  }

  /** What a jump of Redis's clock does: all that has a time to live is gone at once. */
  async expireKeys(): Promise<number> {
    const client = new Redis(this.redis.url);
    try {
      const expireAll = `local gone = 0
        for _, key in ipairs(redis.call('KEYS', '*')) do
          if redis.call('PTTL', key) >= 0 then gone = gone + redis.call('DEL', key) end
        end
        return gone`;
      return (await client.eval(expireAll, 0)) as number;
    } finally {
      client.disconnect();
    }
  }

  async keysLeft(which = /./): Promise<readonly string[]> {
    const client = new Redis(this.redis.url);
    try {
      return (await keysLeft(client, KEPT_KEYS)).filter((key) => which.test(key));
    } finally {
      client.disconnect();
    }
  }

  /** What is in the store: its keys, and for a folder whatever else lies there. */
  async filesLeft(): Promise<readonly string[]> {
    const left = await openBlobStore(this.#cluster.address.storeUrl, { namespace: NAMESPACE });
    const keys: string[] = [];
    for await (const key of left.blobs.list('')) keys.push(key);
    left.close();
    if (this.#options.s3 !== undefined) return keys;
    const entries = await readdir(join(this.folder, 'store'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  /** Runs a command of this cluster to its end. */
  async command(args: readonly string[]): Promise<Program> {
    const program = new Program(args.join(' '), [CLI, ...args, ...this.#clusterArgs()], this.#env());
    const { code } = await program.exited;
    if (code !== 0) throw new Error(`espalier ${args.join(' ')} exited with ${code}:\n${program.output}`);
    return program;
  }

  /** All that every process printed. */
  output(): string {
    return this.#programs.map((program) => `--- ${program.name}\n${program.output}`).join('\n');
  }

  /** SIGKILL to every program of this name. */
  kill(name: string): void {
    for (const program of this.#programs) if (program.name === name) program.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.end()));
    await this.#cluster.close();
    await this.engine.stop();
    await this.redis.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #spawn(name: string, command: string, args: readonly string[], options: ProgramOptions): Program {
    const program = new Program(
      name,
      [
        options.program ?? CLI,
        command,
        ...args,
        ...(this.#options.real === true ? ['--srs', 'dev'] : ['--prover', 'simulated']),
        '--json',
        ...this.#clusterArgs(),
        ...(options.args ?? []),
      ],
      { ...this.#env(), ...options.env },
      (event) => this.events.push(event),
    );
    this.#programs.push(program);
    return program;
  }

  #clusterArgs(): readonly string[] {
    const { redisUrl, storeUrl, namespace } = this.#cluster.address;
    return ['--redis', redisUrl, '--store', storeUrl, '--namespace', namespace];
  }

  #env(): Readonly<Record<string, string>> {
    const { PATH = '', HOME = '', ESPALIER_CACHE } = process.env;
    const cache = this.#options.real === true ? ESPALIER_CACHE : join(this.folder, 'cache');
    return {
      PATH,
      HOME: this.#options.real === true ? HOME : this.folder,
      ...(cache === undefined ? {} : { ESPALIER_CACHE: cache }),
      ...(this.#options.s3 === undefined ? {} : S3_CREDENTIALS),
    };
  }
}

function realEngine(): Promise<Engine> {
  const quiet = { onWarning: () => {}, onWait: () => {} };
  return openEngine({ srs: 'development', prover: { kind: 'native' }, env: process.env, ...quiet });
}

function addressOf(redis: TestRedis, folder: string, { s3 }: ClusterOptions): ClusterAddress {
  return {
    redisUrl: redis.url,
    storeUrl: s3?.urlOf('faults') ?? `file://${join(folder, 'store')}`,
    namespace: NAMESPACE,
  };
}

/** What tokens are counted with, and says nothing of any block: it must never go back. */
const KEPT_KEYS = /:counter$/;
