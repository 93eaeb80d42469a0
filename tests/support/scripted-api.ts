import {
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { wire } from '../../proto/index.js';

export interface ScriptedApi {
  readonly address: string;
  /** Ends it with all its calls, at once. */
  stop(): void;
}

/**
 * A server of the API that answers as a test tells it: for what a client does about a server that goes away in the middle
 * of a sentence. Whatever is left out is not known there. `port`: where one was before; 0 for any.
 */
export async function scriptedApi(
  blocks: Partial<wire.BlockServiceServer>,
  { port = 0 }: { readonly port?: number } = {},
): Promise<ScriptedApi> {
  const server = new Server();
  server.addService(wire.BlockServiceService, blocks as UntypedServiceImplementation);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  return { address: `127.0.0.1:${bound}`, stop: () => server.forceShutdown() };
}

/** What a server of Espalier fails a call with. */
export function apiError(
  status: number,
  reason: string,
  message: string,
  metadata: Readonly<Record<string, string>> = {},
): ServiceError {
  const info = wire.ErrorInfo.fromPartial({ reason, domain: 'espalier', metadata });
  const details = [
    { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Buffer.from(wire.ErrorInfo.encode(info).finish()) },
  ];
  const bytes = wire.Status.encode(wire.Status.fromPartial({ code: status, message, details })).finish();
  const trailers = new Metadata();
  trailers.set('grpc-status-details-bin', Buffer.from(bytes));
  return Object.assign(new Error(message), { code: status, details: message, metadata: trailers });
}
