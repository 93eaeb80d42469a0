import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';
import { connectRedis } from '../../common/index.js';

/** A Redis of a measurement's own, as a cluster runs it: AOF on, synced every second, nothing evicted. */
export class BenchRedis {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #client: Redis;

  private constructor(server: ChildProcess, folder: string, url: string, client: Redis) {
    this.#process = server;
    this.#folder = folder;
    this.url = url;
    this.#client = client;
  }

  /** Whoever starts it stops it; a process that ends with it running takes it along. */
  static async start(): Promise<BenchRedis> {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-bench-redis-'));
    const port = `${await freePort()}`;
    const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
    const server = await launch(['--bind', '127.0.0.1', '--port', port, '--dir', folder, ...durable]);
    const url = `redis://127.0.0.1:${port}`;
    return new BenchRedis(server, folder, url, await connectRedis({ url, name: 'bench' }));
  }

  /** Processor time of the server so far. */
  async cpuMs(): Promise<number> {
    const info = await this.#client.info('cpu');
    return 1000 * (numberOf(info, 'used_cpu_user') + numberOf(info, 'used_cpu_sys'));
  }

  /** The most memory that data, scripts and buffers have taken so far. */
  async peakBytes(): Promise<number> {
    return numberOf(await this.#client.info('memory'), 'used_memory_peak');
  }

  /** What data, scripts and buffers take now. */
  async usedBytes(): Promise<number> {
    return numberOf(await this.#client.info('memory'), 'used_memory');
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function numberOf(info: string, field: string): number {
  const value = new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1];
  if (value === undefined) throw new Error(`Redis says nothing of ${field}`);
  return Number(value);
}

async function launch(args: readonly string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => server.kill('SIGKILL');
  process.on('exit', end);
  server.once('exit', () => process.off('exit', end));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
    createInterface(server.stdout).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve();
    });
  });
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
