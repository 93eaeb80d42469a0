import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';
import { connectRedis } from '../../common/index.js';
import type { CertificateFiles } from './certificate-files.js';

export interface RedisServerOptions {
  /** Default `everysec`, as in production. */
  readonly appendfsync?: 'everysec' | 'always' | 'no';
  /** More arguments, as the command line takes them: `['--maxmemory-policy', 'allkeys-lru']`. */
  readonly args?: readonly string[];
  /** Speaks TLS, and only to those who trust its CA; to whoever has a certificate of it, if `asksClients`. */
  readonly tls?: { readonly certificates: CertificateFiles; readonly asksClients?: boolean };
}

/** A real Redis of a test's own: on a free port of the loopback device, with AOF on, in a folder of its own. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly pid: number;
  /** A new connection, which `stop` closes. */
  client(): Promise<Redis>;
  /** SIGKILL; resolves when the process is gone. What it had is kept for `restart`. */
  kill(): Promise<void>;
  /** Starts it again with what it had, where it was; kills it first if it runs. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends it for good, with its folder and the connections that `client` made. Idempotent. */
  stop(): Promise<void>;
}

const PORT_ATTEMPTS = 10;

/** Starts one; whoever does stops it. A process that ends with it running takes it along. */
export async function startRedis({
  appendfsync = 'everysec',
  args = [],
  tls,
}: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-redis-'));
  const fixed = ['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'];
  const start = (port: number) => launch([...portArgs(port, tls), ...fixed, '--appendfsync', appendfsync, ...args]);
  let running: ChildProcess | undefined;
  let port = 0;
  for (let attempt = 1; running === undefined; attempt++) {
    // Someone else may take the port before Redis does: then with another one.
    port = await freePort();
    try {
      running = await start(port);
    } catch (thrown) {
      if (attempt < PORT_ATTEMPTS && String(thrown).includes('in use')) continue;
      await rm(folder, { recursive: true, force: true });
      throw thrown;
    }
  }
  return new Running(running, port, folder, tls === undefined ? 'redis' : 'rediss', start);
}

function portArgs(port: number, tls: RedisServerOptions['tls']): readonly string[] {
  if (tls === undefined) return ['--port', `${port}`];
  const { server, caFile } = tls.certificates;
  return [
    ...['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', tls.asksClients === true ? 'yes' : 'no'],
    ...['--tls-cert-file', server.certFile, '--tls-key-file', server.keyFile, '--tls-ca-cert-file', caFile],
  ];
}

class Running implements RedisServer {
  readonly url: string;
  readonly #clients: Redis[] = [];

  constructor(
    private process: ChildProcess,
    readonly port: number,
    readonly folder: string,
    scheme: string,
    private readonly start: (port: number) => Promise<ChildProcess>,
  ) {
    this.url = `${scheme}://127.0.0.1:${port}`;
  }

  get pid(): number {
    return this.process.pid ?? Number.NaN;
  }

  async client(): Promise<Redis> {
    const redis = await connectRedis({ url: this.url, name: 'test' });
    this.#clients.push(redis);
    return redis;
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
  }

  async restart(): Promise<void> {
    await this.kill();
    this.process = await this.start(this.port);
  }

  pause(): void {
    this.process.kill('SIGSTOP');
  }

  resume(): void {
    this.process.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    for (const redis of this.#clients.splice(0)) redis.disconnect();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Resolves when it takes connections, its data loaded; rejects with what it said when it ended instead. */
async function launch(args: readonly string[]): Promise<ChildProcess> {
  const redis = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Whichever way this process ends, its pipe to the watchdog closes.
  const watchdog = spawn('sh', ['-c', 'read line; kill -9 "$0"', `${redis.pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  redis.once('exit', () => watchdog.kill('SIGKILL'));
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    redis.once('error', reject);
    redis.once('close', (code) => reject(new Error(`redis-server ended (${code}): ${said.join('\n')}`)));
    for (const stream of [redis.stdout, redis.stderr]) {
      createInterface(stream).on('line', (line) => {
        said.push(line);
        if (said.length > 50) said.shift();
        if (line.includes('Ready to accept connections')) resolve();
      });
    }
  });
  return redis;
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
