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
import { EspalierError } from '../../../common/index.js';
import { beginCallSpan } from './call-span.js';
import { addressOf, type CallTools, callStatus, type OpenCall } from './call-tools.js';
import { incoming, send } from './message-streams.js';
import type { CallContext, ServiceHandlers, ServiceShape } from './service-handlers.js';
import { within } from './within.js';

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
  const implementation: UntypedServiceImplementation = Object.fromEntries(
    names.map((name) => [name, implement(methodOf(service, name), (handlers as AnyHandlers)[name], tools)]),
  );
  server.addService(service, implementation);
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
    return (call: ServerReadableStream<object, unknown>, callback: sendUnaryData<unknown>) => {
      const work = (context: CallContext, admitted: OpenCall) =>
        upload(incoming(call, admitted, tools.limits, context.signal), context);
      // Submissions come so.
      runCall({ path, isOrigin: true }, call, tools, work, (response) => callback(null, response), callback);
    };
  }
  if (responseStream) {
    const stream = handler as StreamHandler;
    return (call: ServerWritableStream<unknown, unknown>) => {
      const work = async (context: CallContext, admitted: OpenCall) => {
        for await (const message of stream(call.request, context)) {
          await send(call, message, tools.limits, context.signal).catch((thrown: unknown) => {
            // Its reader takes nothing, so it could not be told.
            if (EspalierError.from(thrown).code === 'call-timeout') admitted.reset();
            throw thrown;
          });
        }
      };
      const fail = (status: ServerErrorResponse) => call.emit('error', status);
      runCall({ path }, call, tools, work, () => call.end(), fail);
    };
  }
  const unary = handler as UnaryHandler;
  return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    const { callMs } = tools.limits;
    const work = (context: CallContext) =>
      within(unary(call.request, context), callMs, context.signal, () => noAnswer(callMs));
    runCall({ path }, call, tools, work, (response) => callback(null, response), callback);
  };
}

/** Does the work of a call, and calls `succeed` or `fail` when it has ended, once. */
function runCall<T>(
  { path, isOrigin = false }: { readonly path: string; readonly isOrigin?: boolean },
  call: AnyCall,
  tools: CallTools,
  work: (context: CallContext, admitted: OpenCall) => Promise<T>,
  succeed: (response: T) => void,
  fail: (status: ServerErrorResponse) => void,
): void {
  const startedMs = tools.clock.monotonicMs();
  const admitted = tools.admitted(call);
  const { principal } = admitted;
  const span = beginCallSpan(path, call.metadata, isOrigin);
  // Of a call that is over it is not known any more.
  const peer = addressOf(admitted.getPeer());
  const gone = new AbortController();
  call.once('cancelled', () => gone.abort());
  // Those of the connection come as `cancelled` too, and there is nobody to tell.
  call.on('error', () => {});
  const signal = AbortSignal.any([gone.signal, tools.stopping]);
  const run = async () => work({ principal, signal, trace: span.trace }, admitted);
  const answer = (response: T) => {
    span.end();
    succeed(response);
  };
  run().then(answer, (thrown) => {
    const isGone = gone.signal.aborted;
    const error = tools.stopping.aborted ? stoppingError() : EspalierError.from(thrown);
    span.end(error);
    const inner = error.code === 'internal' ? { reference: randomUUID().slice(0, 8) } : {};
    const durationMs = tools.clock.monotonicMs() - startedMs;
    if (!isGone) tools.onRefused({ path, principal, peer, error, durationMs, ...inner });
    fail(callStatus(error, inner.reference));
  });
}

function noAnswer(callMs: number): EspalierError {
  return new EspalierError('call-timeout', `there was no answer within ${callMs / 1_000} s (callMs)`, {
    remedy: 'try again; if it stays so, see whether queue and store of the server are there',
  });
}

function stoppingError(): EspalierError {
  return new EspalierError('server-unavailable', 'this orchestrator is stopping', {
    remedy: 'call another one, or this one when it is back',
  });
}
