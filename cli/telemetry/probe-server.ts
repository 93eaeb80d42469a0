import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EspalierError, hostPort } from '../../common/index.js';
import { redactSecrets } from '../cluster/redact-secrets.js';
import type { Verdict } from './readiness.js';

/** Where probes and metrics are served. */
export interface ProbeAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Where the port is taken, any that is free will do: nobody asked for this one. */
  readonly isDefault: boolean;
}

/** What is served. */
export interface ProbeAnswers {
  /** `/healthz`: whether the process should live on. */
  health(): Promise<Verdict>;
  /** `/readyz`: whether it should be given work. */
  readiness(): Promise<Verdict>;
  /** `/metrics`, as Prometheus reads them; null: they are not made. */
  readonly metrics: (() => Promise<string>) | null;
}

/** Bounds for whoever reaches the port: probes and scrapers need a few connections, and no time at all. */
const CONNECTIONS_MAX = 64;
const REQUEST_WITHIN_MS = 5_000;
const HEADER_BYTES_MAX = 8 * 1024;

/** Prometheus's text format. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves `/healthz` and `/readyz` (200, or 503 with the same JSON: `{"ok":…,"checks":{"redis":{"ok":…,"reason":…}}}`) and
 * `/metrics`. It keeps no process alive.
 */
export class ProbeServer {
  readonly #server: Server;
  /** `127.0.0.1:9464`. */
  readonly address: string;

  /** Rejects with `usage` where it cannot listen. */
  static async start(address: ProbeAddress, answers: ProbeAnswers): Promise<ProbeServer> {
    const server = createServer(
      { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: REQUEST_WITHIN_MS, requestTimeout: REQUEST_WITHIN_MS },
      (request, response) => void respond(request, response, answers),
    );
    server.maxConnections = CONNECTIONS_MAX;
    server.unref();
    await listen(server, address);
    return new ProbeServer(server, address.host);
  }

  private constructor(server: Server, host: string) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.address = hostPort(host, port);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

async function listen(server: Server, { host, port, isDefault }: ProbeAddress): Promise<void> {
  try {
    await listenOn(server, host, port);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (isDefault && code === 'EADDRINUSE') return listenOn(server, host, 0);
    throw new EspalierError('usage', `metrics and probes cannot be served on ${host}:${port}: ${message}`, {
      cause,
      remedy: 'name a free address of this machine with --metrics-listen, or off',
    });
  }
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function respond(request: IncomingMessage, response: ServerResponse, answers: ProbeAnswers): Promise<void> {
  // Nothing that is asked for has a body.
  request.resume();
  const path = (request.url ?? '').replace(/\?.*$/s, '');
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'text/plain', '');
    if (path === '/healthz') return endVerdict(response, await answers.health());
    if (path === '/readyz') return endVerdict(response, await answers.readiness());
    if (path === '/metrics' && answers.metrics !== null) {
      return end(response, 200, METRICS_TYPE, await answers.metrics());
    }
    end(response, 404, 'text/plain', 'there are /healthz, /readyz and /metrics\n');
  } catch (thrown) {
    end(response, 500, 'text/plain', `${redactSecrets(EspalierError.from(thrown).message)}\n`);
  }
}

function endVerdict(response: ServerResponse, verdict: Verdict): void {
  end(response, verdict.ok ? 200 : 503, 'application/json', `${redactSecrets(JSON.stringify(verdict))}\n`);
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}
