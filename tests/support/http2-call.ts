import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { onTestFinished } from 'vitest';

/** Calls by hand, for what no gRPC library sends. */

/** A connection of its own, until the test is over. */
export function http2Session(address: string, options: SecureClientSessionOptions = {}): ClientHttp2Session {
  const session = connect(`http://${address}`, options);
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  return session;
}

/** A message as gRPC frames it. */
export function framed(message: Buffer, { compressed = false, length = message.length } = {}): Buffer {
  const frame = Buffer.alloc(5);
  frame.writeUInt8(compressed ? 1 : 0, 0);
  frame.writeUInt32BE(length, 1);
  return Buffer.concat([frame, message]);
}

export interface HttpEnd {
  readonly httpStatus: number | undefined;
  /** Of gRPC, from trailers or headers; undefined: it ended without. */
  readonly grpcStatus: number | undefined;
  readonly message: string;
  /** What the stream was reset with; 0: it was not. */
  readonly rstCode: number;
}

export const CALL_HEADERS = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' } as const;

/** Starts a call; nothing of its answer is read until `end` is asked for. */
export function http2Call(session: ClientHttp2Session, path: string, headers: IncomingHttpHeaders = {}) {
  const stream = session.request({ ...CALL_HEADERS, ':path': path, ...headers });
  stream.on('error', () => {});
  let last: IncomingHttpHeaders = {};
  let httpStatus: number | undefined;
  stream.on('response', (response) => {
    httpStatus = response[':status'];
    last = response;
  });
  stream.on('trailers', (trailers) => {
    last = trailers;
  });
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  const end = async (): Promise<HttpEnd> => {
    stream.resume();
    await closed;
    const status = last['grpc-status'];
    return {
      httpStatus,
      grpcStatus: status === undefined ? undefined : Number(status),
      message: decodeURI(String(last['grpc-message'] ?? '')),
      rstCode: stream.rstCode ?? 0,
    };
  };
  return { stream, closed, end };
}
