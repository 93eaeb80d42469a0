import type { ServerReadableStream, ServerWritableStream } from '@grpc/grpc-js';
import { EspalierError } from '../../common/index.js';
import { unwrapRequest } from './safe-definition.js';

/** How long a stream may stand still. */
export interface StallOptions {
  /** Until the next message of an upload. */
  readonly uploadStallMs: number;
  /** Until a message is taken by the one it is sent to. */
  readonly readerStallMs: number;
}

/**
 * The messages of an upload, each taken from the connection when it is asked for. Rejects with `request-malformed` for one
 * that is none, with `limit-exceeded` when nothing comes for long, and when `signal` aborts.
 */
export async function* incoming<T>(
  call: ServerReadableStream<T, unknown>,
  { uploadStallMs }: StallOptions,
  signal: AbortSignal,
): AsyncGenerator<T> {
  // The call is answered after the last message, so ending the reading must not end it.
  const messages = call.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await within(messages.next(), uploadStallMs, signal, () => {
      const waited = `nothing of the upload came for ${uploadStallMs / 1_000} s (upload stall limit)`;
      return new EspalierError('limit-exceeded', waited, { remedy: 'send it again, without such a pause' });
    });
    if (next.done) return;
    yield unwrapRequest(next.value) as T;
  }
}

/**
 * Sends a message, and waits until the connection has taken it: nothing is gathered for a reader who does not read.
 * Rejects with `limit-exceeded` when it is not taken for long, and when `signal` aborts.
 */
export function send<T>(
  call: ServerWritableStream<unknown, T>,
  message: T,
  { readerStallMs }: StallOptions,
  signal: AbortSignal,
): Promise<void> {
  const sent = new Promise<void>((resolve, reject) => {
    call.write(message, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
  });
  return within(sent, readerStallMs, signal, () => {
    const waited = `nothing of the stream was read for ${readerStallMs / 1_000} s (reader stall limit)`;
    return new EspalierError('limit-exceeded', waited, { remedy: 'call again, with the last cursor' });
  });
}

async function within<T>(
  work: Promise<T>,
  limitMs: number,
  signal: AbortSignal,
  tooLate: () => EspalierError,
): Promise<T> {
  signal.throwIfAborted();
  work.catch(() => {});
  let end = () => {};
  const ended = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(tooLate()), limitMs);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    end();
  }
}
