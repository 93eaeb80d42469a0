import { setMaxListeners } from 'node:events';
import { experimental, Server, ServerCredentials } from '@grpc/grpc-js';
import { EspalierError, hostPort, settledWithin } from '../../common/index.js';
import { wire } from '../../proto/index.js';
import { AccessControl } from './access/index.js';
import type { ApiBackend } from './api-backend.js';
import { type BlockHandlerOptions, blockHandlers } from './block-handlers.js';
import { Admission, type CallTools, type RefusedCall, refusalLog, safeServer, serveService } from './calls/index.js';
import { CertificateFiles, type TlsFiles } from './certificate-files.js';
import { fleetHandlers } from './fleet-handlers.js';
import { Health } from './health.js';
import { type ApiLimits, apiLimits, CallLimits } from './limits/index.js';
import { listen } from './listen.js';
import { serveReflection } from './reflection.js';
import { serverOptions } from './server-options.js';
import { addressesOf, checkListen, isSocket } from './transport.js';

export interface ApiOptions extends BlockHandlerOptions {
  /** Name or address to listen on; `::` or `0.0.0.0` for all; `unix:` and a path for a socket of this machine. */
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
  /** Hears of calls that were refused or failed, of some ten a second at most. Nothing secret is in it. */
  readonly onRefused?: (call: RefusedCall) => void;
  /** Hears of files that changed and cannot be used. */
  readonly onTrouble?: (line: string) => void;
}

export interface ApiServer {
  /** `127.0.0.1:7420`, or as `host` where that is a socket. */
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
  const open: Closable[] = [];
  try {
    return await start(backend, options, open);
  } catch (thrown) {
    for (const { close } of open.reverse()) close();
    throw thrown;
  }
}

/**
 * Rejects with `usage` where `startApi` would for its address or its files, before anything is there to be served. What
 * is free to listen on now may not be so then.
 */
export async function checkApi(options: ApiOptions): Promise<void> {
  const open: Closable[] = [];
  try {
    const { listenOptions } = await prepare(options, open);
    const listening = await listen({
      ...listenOptions,
      connectionsMax: 0,
      onConnection: () => {},
      onTrouble: () => {},
    });
    listening.close();
  } finally {
    for (const { close } of open.reverse()) close();
  }
}

interface Closable {
  close(): void;
}

/** What can be had before there is anything to serve. It is added to `open` too, to be closed when something fails. */
async function prepare(options: ApiOptions, open: Closable[]) {
  const { host, tls, accessFile, allowInsecure = false, onTrouble = () => {} } = options;
  const limits = apiLimits(options.limits);
  const addresses = await addressesOf(host);
  checkListen({ host, tls, hasAccessFile: accessFile !== undefined, allowInsecure }, addresses);
  const hasCertificates = tls?.clientCaFile !== undefined;
  const access = await AccessControl.open(accessFile, { onTrouble, hasCertificates });
  open.push({ close: () => access.close() });
  const certificates = tls === undefined ? undefined : await CertificateFiles.open(tls, { onTrouble });
  open.push({ close: () => certificates?.close() });
  const listenOptions = { addresses, host, onTrouble, port: isSocket(host) ? undefined : options.port };
  return { limits, access, certificates, hasCertificates, listenOptions };
}

/** What it opens it adds to `open`, to be closed when it fails. */
async function start(backend: ApiBackend, options: ApiOptions, open: Closable[]): Promise<ApiServer> {
  const { host } = options;
  const { limits, access, certificates, hasCertificates, listenOptions } = await prepare(options, open);
  const stopping = new AbortController();
  const { server, health } = await buildServer(backend, { ...options, limits }, access, stopping.signal);
  open.push({ close: () => health.stop() }, { close: () => server.forceShutdown() });
  const injector = server.createConnectionInjector(credentialsOf(certificates, hasCertificates));
  const listening = await listen({
    ...listenOptions,
    connectionsMax: limits.connectionsMax,
    onConnection: (socket) => injector.injectConnection(socket),
  });
  const stop = async (graceMs: number) => {
    health.stop();
    listening.close();
    stopping.abort(new EspalierError('server-unavailable', 'this orchestrator is stopping'));
    await settledWithin(new Promise<void>((resolve) => server.tryShutdown(() => resolve())), graceMs);
    for (const { close } of open.reverse()) close();
    listening.destroy();
  };
  let stopped: Promise<void> | undefined;
  return {
    address: isSocket(host) ? host : hostPort(host, listening.port),
    port: listening.port,
    stop: (graceMs = STOP_GRACE_MS) => {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

async function buildServer(
  backend: ApiBackend,
  options: ApiOptions & { readonly limits: ApiLimits },
  access: AccessControl,
  stopping: AbortSignal,
): Promise<{ readonly server: Server; readonly health: Health }> {
  const { limits } = options;
  const { clock } = backend;
  const onRefused = refusalLog(options.onRefused ?? (() => {}), clock);
  // As many calls listen to it as there are.
  setMaxListeners(0, stopping);
  const admission = new Admission({
    access,
    limits: new CallLimits(limits, clock),
    clock,
    onRefused,
  });
  const server = new Server({ ...serverOptions(limits), interceptors: [admission.interceptor] });
  const safe = safeServer(server, limits);
  const tools: CallTools = { clock, limits, admitted: (call) => admission.admitted(call), onRefused, stopping };
  serveService(safe, wire.BlockServiceService, blockHandlers(backend, options), tools);
  serveService(safe, wire.FleetServiceService, fleetHandlers(backend), tools);
  await serveReflection(safe);
  const health = new Health(SERVICES.map(nameOf), backend);
  await health.start(safe);
  return { server, health };
}

function credentialsOf(certificates: CertificateFiles | undefined, isMutual: boolean): ServerCredentials {
  if (certificates === undefined) return ServerCredentials.createInsecure();
  const { createCertificateProviderServerCredentials } = experimental;
  return createCertificateProviderServerCredentials(certificates, isMutual ? certificates : null, isMutual);
}

function nameOf(service: (typeof SERVICES)[number]): string {
  const [method] = Object.values(service);
  return method?.path.split('/')[1] ?? '';
}
