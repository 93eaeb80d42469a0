import { randomUUID } from 'node:crypto';
import type {
  Metadata,
  Server,
  ServerErrorResponse,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { EspalierError } from '../../common/index.js';
import { type CallTools, callStatus } from './call-tools.js';
import { incoming, send } from './message-streams.js';
import { safeDefinition, unwrapRequest } from './safe-definition.js';
import type { CallContext, ServiceHandlers, ServiceShape } from './service-handlers.js';

/** What of a call is used here, whichever kind it is. */
interface AnyCall {
  readonly metadata: Metadata;
  once(event: 'cancelled', listener: () => void): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** Adds a service to a server: its methods are answered by `handlers`, within the bounds of `tools`. */
export function serveService<S extends ServiceShape>(
  server: Pick<Server, 'addService'>,
  service: S,
  handlers: ServiceHandlers<S>,
  tools: CallTools,
): void {
  const names = Object.keys(service);
  const definition = Object.fromEntries(names.map((name) => [name, safeDefinition(methodOf(service, name))]));
  const implementation: UntypedServiceImplementation = Object.fromEntries(
    names.map((name) => [name, implement(methodOf(service, name), (handlers as AnyHandlers)[name], tools)]),
  );
  server.addService(definition, implementation);
}

type AnyHandlers = Readonly<Record<string, unknown>>;
type UnaryHandler = (request: unknown, context: CallContext) => Promise<unknown>;
type UploadHandler = (requests: AsyncIterable<unknown>, context: CallContext) => Promise<unknown>;
type StreamHandler = (request: unknown, context: CallContext) => AsyncIterable<unknown>;

function methodOf(service: ServiceShape, name: string) {
  const method = service[name];
  if (method === undefined) throw new EspalierError('internal', `the service has no method ${name}`);
  return method;
}

function implement(
  { path, requestStream, responseStream }: { path: string; requestStream: boolean; responseStream: boolean },
  handler: unknown,
  tools: CallTools,
): UntypedHandleCall {
  if (requestStream) {
    const upload = handler as UploadHandler;
    return (call: ServerReadableStream<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      const work = (context: CallContext) => upload(incoming(call, tools.limits, context.signal), context);
      runCall({ path, kind: 'upload' }, call, tools, work, (response) => callback(null, response), callback);
    };
  }
  if (responseStream) {
    const stream = handler as StreamHandler;
    return (call: ServerWritableStream<unknown, unknown>) => {
      const work = async (context: CallContext) => {
        for await (const message of stream(unwrapRequest(call.request), context)) {
          await send(call, message, tools.limits, context.signal);
        }
      };
      const fail = (status: ServerErrorResponse) => call.emit('error', status);
      runCall({ path, kind: 'stream' }, call, tools, work, () => call.end(), fail);
    };
  }
  const unary = handler as UnaryHandler;
  return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    const work = async (context: CallContext) => unary(unwrapRequest(call.request), context);
    runCall({ path, kind: 'unary' }, call, tools, work, (response) => callback(null, response), callback);
  };
}

/** Does the work of a call, and calls `succeed` or `fail` when it has ended, once. */
function runCall<T>(
  { path, kind }: { readonly path: string; readonly kind: 'unary' | 'upload' | 'stream' },
  call: AnyCall,
  tools: CallTools,
  work: (context: CallContext) => Promise<T>,
  succeed: (response: T) => void,
  fail: (status: ServerErrorResponse) => void,
): void {
  const startedMs = tools.clock.monotonicMs();
  const principal = tools.principalOf(call);
  const gone = new AbortController();
  call.once('cancelled', () => gone.abort());
  // Those of the connection come as `cancelled` too, and there is nobody to tell.
  call.on('error', () => {});
  const run = async () => {
    const release = kind === 'unary' ? () => {} : tools.occupy(kind, principal);
    try {
      return await work({ principal, signal: AbortSignal.any([gone.signal, tools.stopping]) });
    } finally {
      release();
    }
  };
  run().then(succeed, (thrown) => {
    const error = tools.stopping.aborted ? stoppingError() : EspalierError.from(thrown);
    const inner = error.code === 'internal' ? { reference: randomUUID().slice(0, 8) } : {};
    const durationMs = tools.clock.monotonicMs() - startedMs;
    if (!gone.signal.aborted) tools.onRefused({ path, principal, error, durationMs, ...inner });
    fail(callStatus(error, inner.reference));
  });
}

function stoppingError(): EspalierError {
  return new EspalierError('server-unavailable', 'this orchestrator is stopping', {
    remedy: 'call another one, or this one when it is back',
  });
}
