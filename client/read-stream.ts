import type { ClientReadableStream } from '@grpc/grpc-js';
import { Backoff, pause, throwIfAborted } from './backoff.js';
import type { Connection } from './connection.js';
import { endedEarly, rebuildError } from './rebuild-error.js';

export interface StreamOptions<M> {
  /** Makes the call, from where the last one was left. */
  readonly open: () => ClientReadableStream<M>;
  /** Whether all has come. A stream that ends before is made anew. */
  readonly isOver: () => boolean;
  /** Whether it may be made anew when something has come already. */
  readonly isResumable: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * The messages of a stream, taken from the network as they are asked for. A broken one is made anew until all has come:
 * for as long as it takes where the server was there before, else for `connectTimeoutMs`. Rejects with what will be so
 * again: what the server refuses, and `cancelled` when `signal` aborts.
 */
export async function* readStream<M>(connection: Connection, options: StreamOptions<M>): AsyncGenerator<M, void> {
  const { open, isOver, isResumable, signal } = options;
  const stop = signal === undefined ? connection.closed : AbortSignal.any([signal, connection.closed]);
  const backoff = new Backoff();
  const until = performance.now() + connection.connectTimeoutMs;
  let hasBegun = false;
  for (;;) {
    throwIfAborted(stop);
    const stream = open();
    const onAbort = () => stream.cancel();
    stop.addEventListener('abort', onAbort, { once: true });
    // Those of a stream that nobody reads any more.
    stream.on('error', () => undefined);
    let thrown: unknown;
    try {
      for await (const message of stream as AsyncIterable<M>) {
        connection.noteReached();
        backoff.reset();
        hasBegun = true;
        yield message;
        throwIfAborted(stop);
      }
      if (isOver()) return;
    } catch (error) {
      throwIfAborted(stop);
      thrown = error;
    } finally {
      stop.removeEventListener('abort', onAbort);
      stream.cancel();
    }
    const { server } = connection;
    const fault = thrown === undefined ? endedEarly(server) : rebuildError(thrown, server);
    const { error, isPassing, retryAfterMs } = fault;
    const retryInMs = backoff.nextMs(retryAfterMs);
    const isLookedFor = hasBegun || connection.wasReached || performance.now() + retryInMs <= until;
    if (!isPassing || !isLookedFor || (hasBegun && !isResumable)) throw error;
    connection.noteTrouble({ error, retryInMs });
    await pause(retryInMs, stop);
  }
}
