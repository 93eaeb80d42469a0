import type { ServerReadableStream, ServerWritableStream } from '@grpc/grpc-js';
import { EspalierError } from '../../../common/index.js';
import type { OpenCall } from './call-tools.js';
import { bytesOfRequest } from './safe-definition.js';
import { within } from './within.js';

/** What a stream may be. */
export interface StreamLimits {
  /** Bytes of all messages of an upload. */
  readonly submissionBytesMax: number;
  /** Until the next message of an upload. */
  readonly uploadStallMs: number;
  /** Until a message is taken by the one it is sent to. */
  readonly readerStallMs: number;
}

/**
 * The messages of an upload, each taken from the connection when it is asked for. Rejects with `call-timeout` when nothing
 * comes for long, with `limit-exceeded` when too much has come, and when `signal` aborts.
 */
export async function* incoming<T extends object>(
  call: ServerReadableStream<T, unknown>,
  admitted: Pick<OpenCall, 'allow'>,
  { uploadStallMs, submissionBytesMax }: Pick<StreamLimits, 'uploadStallMs' | 'submissionBytesMax'>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  // The call is answered after the last message, so ending the reading must not end it.
  const messages = call.iterator({ destroyOnReturn: false });
  for (let bytes = 0; ; ) {
    admitted.allow();
    const next = await within(messages.next(), uploadStallMs, signal, () => {
      const waited = `nothing of the upload came for ${uploadStallMs / 1_000} s, as long as it may stand still`;
      return new EspalierError('call-timeout', `${waited} (uploadStallMs)`, {
        remedy: 'send it again, without such a pause',
      });
    });
    if (next.done) return;
    const message = next.value as T;
    bytes += bytesOfRequest(message);
    if (bytes > submissionBytesMax) {
      const told = `the block has more than ${submissionBytesMax} bytes, as many as a submission may have`;
      throw new EspalierError('limit-exceeded', `${told} (submissionBytesMax)`, { remedy: 'split the block' });
    }
    yield message;
  }
}

/**
 * Sends a message, and waits until the connection has taken it: nothing is gathered for a reader who does not read.
 * Rejects when `signal` aborts, and with `call-timeout` when it is not taken for long: nothing else can be sent then.
 */
export function send<T>(
  call: ServerWritableStream<unknown, T>,
  message: T,
  { readerStallMs }: Pick<StreamLimits, 'readerStallMs'>,
  signal: AbortSignal,
): Promise<void> {
  const sent = new Promise<void>((resolve, reject) => {
    call.write(message, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
  });
  return within(sent, readerStallMs, signal, () => {
    const waited = `nothing of the stream was read for ${readerStallMs / 1_000} s, as long as it may stand still`;
    return new EspalierError('call-timeout', `${waited} (readerStallMs)`, {
      remedy: 'call again, with the last cursor',
    });
  });
}
