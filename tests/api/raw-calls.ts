import {
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { wire } from '../../proto/index.js';

/** Calls as any gRPC library makes them, past the client of Espalier. */

export interface RawOptions {
  readonly secrets?: ChannelCredentials;
  readonly token?: string;
}

/** Both services over one connection of their own. */
export function rawClient(address: string, { secrets = credentials.createInsecure() }: RawOptions = {}) {
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 };
  const blocks = new wire.BlockServiceClient(address, secrets, options);
  const fleet = new wire.FleetServiceClient(address, secrets, { ...options, channelOverride: blocks.getChannel() });
  onTestFinished(() => blocks.close());
  return { blocks, fleet };
}

export function withToken(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** What a call ended with. */
export interface Ended {
  /** By its name. */
  readonly status: string;
  readonly details: string;
  /** Of its `ErrorInfo`; undefined where it has none. */
  readonly reason: string | undefined;
  readonly remedy: string | undefined;
  readonly retryDelayMs: number | undefined;
}

/** How a call ended: of an error that it was called back with, or of its status. */
export function endedWith({ code, details, metadata }: StatusObject | ServiceError): Ended {
  const [bytes] = metadata?.get('grpc-status-details-bin') ?? [];
  const all = Buffer.isBuffer(bytes) ? wire.Status.decode(bytes).details : [];
  const [info] = all
    .filter(({ typeUrl }) => typeUrl.endsWith('ErrorInfo'))
    .map(({ value }) => wire.ErrorInfo.decode(value));
  const [retry] = all
    .filter(({ typeUrl }) => typeUrl.endsWith('RetryInfo'))
    .map(({ value }) => wire.RetryInfo.decode(value));
  const delay = retry?.retryDelay;
  return {
    status: status[code],
    details,
    reason: info?.reason,
    remedy: info?.metadata['remedy'],
    retryDelayMs: delay === undefined ? undefined : delay.seconds * 1_000 + delay.nanos / 1e6,
  };
}

interface AnyStream {
  on(event: 'status', listener: (status: StatusObject) => void): unknown;
  on(event: 'error' | 'data', listener: (value: unknown) => void): unknown;
}

/** How a stream from the server ends, reading all of it. */
export function streamEnd(stream: AnyStream): Promise<Ended> {
  stream.on('error', () => {});
  stream.on('data', () => {});
  return new Promise((resolve) => stream.on('status', (end) => resolve(endedWith(end))));
}

/** How a call with one answer ends. */
export function unaryEnd<A>(
  call: (callback: (error: ServiceError | null, answer: A) => void) => unknown,
): Promise<Ended> {
  return new Promise((resolve) => {
    call((error) => resolve(error === null ? OK : endedWith(error)));
  });
}

export const OK: Ended = { status: 'OK', details: '', reason: undefined, remedy: undefined, retryDelayMs: undefined };

const asIs = (bytes: Buffer) => bytes;

/** A client of whatever method, with bytes for messages: what they say is the test's affair. */
export function bytesClient(address: string, secrets = credentials.createInsecure(), options: object = {}): Client {
  const client = new Client(address, secrets, { 'grpc.use_local_subchannel_pool': 1, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** What is called, as the generated definitions describe it. */
export type AnyMethod = Pick<MethodDefinition<never, never>, 'path' | 'requestStream' | 'responseStream'>;

/** Sends messages to a method, ends, and reads whatever comes. */
export function sendBytes(
  client: Client,
  { path, requestStream, responseStream }: AnyMethod,
  messages: readonly Buffer[],
  metadata = new Metadata(),
): Promise<Ended> {
  const [first = Buffer.alloc(0)] = messages;
  if (responseStream) return streamEnd(client.makeServerStreamRequest(path, asIs, asIs, first, metadata));
  if (!requestStream) return unaryEnd((done) => client.makeUnaryRequest(path, asIs, asIs, first, metadata, done));
  return unaryEnd<Buffer | undefined>((done) => {
    const call = client.makeClientStreamRequest(path, asIs, asIs, metadata, done);
    // The server may end it before all is sent.
    call.on('error', () => {});
    for (const message of messages) call.write(message);
    call.end();
  });
}
