import { setMaxListeners } from 'node:events';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { type Clock, EspalierError, hostPort, settledWithin } from '../../../common/index.js';
import { wire } from '../../../proto/index.js';
import { Admission, type CallTools, type RefusedCall, refusalLog, safeServer, serveService } from '../calls/index.js';
import { CallLimits, DEFAULT_LIMITS } from '../limits/index.js';
import { listen } from '../listen.js';
import { serverOptions } from '../server-options.js';
import { addressesOf, isSocket } from '../transport.js';
import { type ScalerBackend, scalerHandlers } from './scaler-handlers.js';

export interface ScalerOptions {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly onRefused?: (call: RefusedCall) => void;
  readonly onTrouble?: (line: string) => void;
}

export interface ScalerServer {
  /** `127.0.0.1:7421`. */
  readonly address: string;
  readonly port: number;
  /** Ends what streams, and lets short calls finish for `graceMs`. Idempotent. */
  stop(graceMs?: number): Promise<void>;
}

const STOP_GRACE_MS = 1_000;
/** One KEDA has a connection and a stream for each ScaledObject. */
const LIMITS = {
  ...DEFAULT_LIMITS,
  connectionsMax: 256,
  streamsMax: 256,
  streamsPerPrincipalMax: 256,
  requestsPerSecond: 50,
  requestsBurst: 200,
};

/**
 * Serves KEDA's external scaler on a listener of its own, in clear and to whoever reaches it: KEDA shows no token. It says
 * how many workers there should be and nothing else. Rejects with `usage` where it cannot listen.
 */
export async function startScaler(
  backend: ScalerBackend & { readonly clock: Clock },
  { host, port, onRefused = () => {}, onTrouble = () => {} }: ScalerOptions,
): Promise<ScalerServer> {
  const { clock } = backend;
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const admission = new Admission({
    access: { identify: () => null, permit: () => {} },
    limits: new CallLimits(LIMITS, clock),
    clock,
    onRefused: refusalLog(onRefused, clock),
  });
  const server = new Server({ ...serverOptions(LIMITS), interceptors: [admission.interceptor] });
  const tools: CallTools = {
    clock,
    limits: LIMITS,
    admitted: (call) => admission.admitted(call),
    onRefused,
    stopping: stopping.signal,
  };
  serveService(safeServer(server, LIMITS), wire.keda.ExternalScalerService, scalerHandlers(backend), tools);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listening = await listen({
    addresses: await addressesOf(host),
    host,
    port: isSocket(host) ? undefined : port,
    connectionsMax: LIMITS.connectionsMax,
    onConnection: (socket) => injector.injectConnection(socket),
    onTrouble,
  });
  const stop = async (graceMs: number) => {
    listening.close();
    stopping.abort(new EspalierError('server-unavailable', 'this orchestrator is stopping'));
    await settledWithin(new Promise<void>((resolve) => server.tryShutdown(() => resolve())), graceMs);
    server.forceShutdown();
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
