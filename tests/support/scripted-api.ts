import {
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type ErrorCode, EspalierError, type EspalierErrorOptions } from '../../common/index.js';
import { toServiceError, wire } from '../../proto/index.js';

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
export function apiError(code: ErrorCode, message: string, options: EspalierErrorOptions = {}): ServiceError {
  const { code: status, detailsBin } = toServiceError(new EspalierError(code, message, options));
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(detailsBin));
  return Object.assign(new Error(message), { code: status, details: message, metadata });
}
