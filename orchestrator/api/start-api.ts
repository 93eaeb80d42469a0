import { setMaxListeners } from 'node:events';
import { type ChannelOptions, Server } from '@grpc/grpc-js';
import { EspalierError, settledWithin } from '../../common/index.js';
import { wire } from '../../proto/index.js';
import { AccessControl } from './access/index.js';
import { Admission } from './admission.js';
import type { ApiBackend } from './api-backend.js';
import { type BlockHandlerOptions, blockHandlers } from './block-handlers.js';
import type { CallTools, RefusedCall } from './call-tools.js';
import { fleetHandlers } from './fleet-handlers.js';
import { Health } from './health.js';
import { type ApiLimits, CallLimits, DEFAULT_LIMITS } from './limits/index.js';
import { serveReflection } from './reflection.js';
import { serveService } from './serve-service.js';
import { checkListen, serverCredentials, type TlsFiles } from './transport.js';

export interface ApiOptions extends BlockHandlerOptions {
  /** Name or address to listen on; `::` or `0.0.0.0` for all. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Without it the API speaks in clear. */
  readonly tls?: TlsFiles | undefined;
  /** Who may do what, see `AccessControl`. Without it whoever is admitted to the port may do everything. */
  readonly accessFile?: string | undefined;
  /** Listen beyond loopback though anybody could do everything there, or read along. */
  readonly allowInsecure?: boolean | undefined;
  readonly limits?: Partial<ApiLimits> | undefined;
  /** Hears of calls that were refused or failed. Nothing secret is in it. */
  readonly onRefused?: (call: RefusedCall) => void;
  /** Hears of files that changed and cannot be used. */
  readonly onTrouble?: (line: string) => void;
}

export interface ApiServer {
  /** `127.0.0.1:7420`. */
  readonly address: string;
  readonly port: number;
  /**
   * Says that it serves no more, ends what streams with `server-unavailable`, so that clients go elsewhere, and lets short
   * calls finish for `graceMs`. Idempotent.
   */
  stop(graceMs?: number): Promise<void>;
}

const STOP_GRACE_MS = 1_000;
const SERVICES = [wire.BlockServiceService, wire.FleetServiceService];

/**
 * Serves the API (`proto/espalier/v1`) of a cluster or of an embedded orchestrator. Rejects with `usage` where it must not
 * listen, or cannot.
 */
export async function startApi(backend: ApiBackend, options: ApiOptions): Promise<ApiServer> {
  const { host, port, tls, accessFile, allowInsecure = false, onRefused = () => {}, onTrouble = () => {} } = options;
  checkListen({ host, tls, hasAccessFile: accessFile !== undefined, allowInsecure });
  const access = await AccessControl.open(accessFile, { onTrouble });
  const limits = new CallLimits({ ...DEFAULT_LIMITS, ...options.limits }, backend.clock);
  const stopping = new AbortController();
  // As many calls listen to it as there are.
  setMaxListeners(0, stopping.signal);
  const admission = new Admission({
    admit: (path, credentials) => {
      const principal = access.admit(path, credentials);
      limits.request(principal.name);
      return principal;
    },
    onRefused,
  });
  const server = new Server({ ...serverOptions(limits.options), interceptors: [admission.interceptor] });
  const tools: CallTools = {
    clock: backend.clock,
    limits: limits.options,
    principalOf: (call) => admission.principalOf(call),
    occupy: (kind, { name }) => limits.occupy(kind, name),
    onRefused,
    stopping: stopping.signal,
  };
  serveService(server, wire.BlockServiceService, blockHandlers(backend, options), tools);
  serveService(server, wire.FleetServiceService, fleetHandlers(backend), tools);
  await serveReflection(server);
  const health = new Health(SERVICES.map(nameOf), backend);
  await health.start(server);
  const credentials = await serverCredentials(tls);
  const bound = await bind(server, `${host.includes(':') ? `[${host}]` : host}:${port}`, credentials);
  let stopped: Promise<void> | undefined;
  const stop = async (graceMs: number) => {
    health.stop();
    stopping.abort(new EspalierError('server-unavailable', 'this orchestrator is stopping'));
    await settledWithin(new Promise<void>((resolve) => server.tryShutdown(() => resolve())), graceMs);
    server.forceShutdown();
    access.close();
  };
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    stop: (graceMs = STOP_GRACE_MS) => {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

function nameOf(service: (typeof SERVICES)[number]): string {
  const [method] = Object.values(service);
  return method?.path.split('/')[1] ?? '';
}

function serverOptions({ messageBytesMax, streamsPerPrincipalMax }: ApiLimits): ChannelOptions {
  return {
    'grpc.max_receive_message_length': messageBytesMax,
    // Of one connection; a client may have several.
    'grpc.max_concurrent_streams': streamsPerPrincipalMax,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 20_000,
  };
}

function bind(server: Server, address: string, credentials: Parameters<Server['bindAsync']>[1]): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) return resolve(port);
      const inUse = /EADDRINUSE/.test(error.message);
      const remedy = inUse ? 'stop what listens there, or name another port' : 'name an address of this machine';
      reject(new EspalierError('usage', `the API cannot listen on ${address}: ${error.message}`, { remedy }));
    });
  });
}
