import type { CallOptions, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js';
import type { ErrorCode } from '../common/index.js';
import { Backoff, pause, stopped, throwIfAborted } from './backoff.js';
import type { Connection } from './connection.js';
import { rebuildError } from './rebuild-error.js';

/** One of the methods of the generated clients. */
type UnaryMethod<Q, A> = (
  request: Q,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, answer: A) => void,
) => ClientUnaryCall;

export interface UnaryOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether the call may be made twice without harm. */
  readonly isRepeatable: boolean;
}

/**
 * A call with one answer. Where the server cannot be reached it is tried again for `connectTimeoutMs`. Rejects with what
 * the server refused it with, with `server-unavailable`, or with `cancelled` when `signal` aborts.
 */
export async function callUnary<Q, A>(
  connection: Connection,
  method: UnaryMethod<Q, A>,
  request: Q,
  { signal, isRepeatable }: UnaryOptions,
): Promise<A> {
  const until = performance.now() + connection.connectTimeoutMs;
  const stop = signal === undefined ? connection.closed : AbortSignal.any([signal, connection.closed]);
  const backoff = new Backoff();
  for (;;) {
    throwIfAborted(stop);
    try {
      const answer = await once(connection, method, request, stop);
      connection.noteReached();
      return answer;
    } catch (thrown) {
      throwIfAborted(stop);
      const { error, isPassing, retryAfterMs } = rebuildError(thrown, connection.server);
      const isOfConnection = error.code === 'server-unavailable';
      if (!isOfConnection) connection.noteReached();
      const retryInMs = backoff.nextMs(retryAfterMs);
      const isWorthIt = isPassing && isRepeatable && FOR_NOW.includes(error.code) && !isTimeout(thrown);
      if (!isWorthIt || performance.now() + retryInMs > until) throw error;
      connection.noteTrouble({ error, retryInMs });
      await pause(retryInMs, stop);
    }
  }
}

/** What a call may be tried again after: it was not begun, or not by its own fault. */
const FOR_NOW: readonly ErrorCode[] = ['server-unavailable', 'server-busy', 'rate-limited'];

/** A call that took all the time it may take is not made again. */
function isTimeout(thrown: unknown): boolean {
  return (thrown as ServiceError).code === 4;
}

function once<Q, A>(connection: Connection, method: UnaryMethod<Q, A>, request: Q, stop: AbortSignal): Promise<A> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      call.cancel();
      reject(stopped());
    };
    const call = method(request, connection.metadata(), connection.unaryOptions(), (error, answer) => {
      stop.removeEventListener('abort', onAbort);
      if (error === null) resolve(answer);
      else reject(error);
    });
    stop.addEventListener('abort', onAbort, { once: true });
  });
}
