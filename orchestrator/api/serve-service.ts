import type {
  sendUnaryData,
  Server,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { EspalierError } from '../../common/index.js';
import { type CallTools, callStatus } from './call-tools.js';
import { incoming, send } from './message-streams.js';
import { safeDefinition, unwrapRequest } from './safe-definition.js';
import type { CallContext, ServiceHandlers, ServiceShape } from './service-handlers.js';

type AnyCall = ServerUnaryCall<unknown, unknown> | ServerReadableStream<unknown, unknown> | WritableCall;
type WritableCall = ServerWritableStream<unknown, unknown>;

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
    names.map((name) => [name, implement(methodOf(service, name), (handlers as AnyHandlers)[name] as never, tools)]),
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
  handler: UnaryHandler & UploadHandler & StreamHandler,
  tools: CallTools,
): UntypedHandleCall {
  if (requestStream) {
    return (call: ServerReadableStream<unknown, unknown>, callback: sendUnaryData<unknown>) => {
      const work = (context: CallContext) => handler(incoming(call, tools.limits, context.signal), context);
      answer(runCall(path, 'upload', call, tools, work as (context: CallContext) => Promise<unknown>), callback);
    };
  }
  if (!responseStream) {
    return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) =>
      answer(
        runCall(path, 'unary', call, tools, async (context) => handler(unwrapRequest(call.request), context) as unknown),
        callback,
      );
  }
  return (call: WritableCall) => {
    const work = async (context: CallContext) => {
      for await (const message of handler(unwrapRequest(call.request), context)) {
        await send(call, message, tools.limits, context.signal);
      }
    };
    runCall(path, 'stream', call, tools, work).then(
      () => call.end(),
      (thrown) => call.emit('error', callStatus(thrown)),
    );
  };
}

function answer(result: Promise<unknown>, callback: sendUnaryData<unknown>): void {
  result.then(
    (response) => callback(null, response),
    (thrown) => callback(callStatus(thrown)),
  );
}

async function runCall<T>(
  path: string,
  kind: 'unary' | 'upload' | 'stream',
  call: AnyCall,
  tools: CallTools,
  work: (context: CallContext) => Promise<T>,
): Promise<T> {
  const startedMs = tools.clock.monotonicMs();
  const principal = tools.principalOf(call);
  const gone = new AbortController();
  call.once('cancelled', () => gone.abort());
  // Errors of the connection come as `cancelled` too.
  call.on('error', () => {});
  const signal = AbortSignal.any([gone.signal, tools.stopping]);
  let release = () => {};
  try {
    if (kind !== 'unary') release = tools.occupy(kind, principal);
    return await work({ principal, signal });
  } catch (thrown) {
    const error = tools.stopping.aborted ? stoppingError() : EspalierError.from(thrown);
    const isGone = gone.signal.aborted;
    if (!isGone) tools.onRefused({ path, principal, error, durationMs: tools.clock.monotonicMs() - startedMs });
    throw error;
  } finally {
    release();
  }
}

function stoppingError(): EspalierError {
  return new EspalierError('server-unavailable', 'this orchestrator is stopping', {
    remedy: 'call another one, or this one when it is back',
  });
}
