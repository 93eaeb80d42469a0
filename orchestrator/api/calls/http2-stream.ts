import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { EspalierError } from '../../../common/index.js';

/**
 * The HTTP/2 stream under a call. grpc-js has no face for it, but only the stream can be reset; the tests of hostile
 * readers and senders fail where a later version has it somewhere else.
 */
function streamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream {
  const { stream } = call as unknown as { readonly stream?: ServerHttp2Stream };
  if (stream === undefined) throw new EspalierError('internal', 'the stream of a call is not where grpc-js had it');
  return stream;
}

/**
 * Ends a call though nothing more can be sent, not even why: its reader takes nothing. It hears RESOURCE_EXHAUSTED, as the
 * protocol has it for a stream that is reset to calm its reader down.
 */
export function resetStream(call: ServerInterceptingCallInterface): void {
  const stream = streamOf(call);
  later(() => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
}

/**
 * Has the caller send no more when its call has been answered: to be called when the status was given. HTTP/2 has a code
 * for this that is no error. Without it a caller who never ends his side could keep any number of ended calls open.
 */
export function closeWhenAnswered(call: ServerInterceptingCallInterface): void {
  const stream = streamOf(call);
  const close = () =>
    // Behind the last of the answer.
    later(() => {
      if (!stream.readableEnded && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  // A status is in the headers where there is no answer, else it follows on what is still to be sent.
  if (stream.sentHeaders?.['grpc-status'] === undefined) stream.once('wantTrailers', close);
  else close();
}

/**
 * Not at once: in the moment in which Node (20.20) tells that the peer has reset one stream, resetting another one of the
 * same connection never returns, and takes all memory.
 */
function later(close: () => void): void {
  setImmediate(close);
}
