import { randomUUID } from 'node:crypto';
import { Metadata, type ServerErrorResponse, type ServerSurfaceCall } from '@grpc/grpc-js';
import { type Clock, EspalierError } from '../../common/index.js';
import { toServiceError } from '../../proto/index.js';
import type { StallOptions } from './message-streams.js';
import type { Principal } from './service-handlers.js';

/** A call that was refused or failed. */
export interface RefusedCall {
  /** `/espalier.v1.BlockService/GetBlock`. */
  readonly path: string;
  readonly principal: Principal;
  readonly error: EspalierError;
  readonly durationMs: number;
}

/** What every call is run with. */
export interface CallTools {
  readonly clock: Clock;
  readonly limits: StallOptions;
  /** Who was admitted with this call. */
  readonly principalOf: (call: Pick<ServerSurfaceCall, 'metadata'>) => Principal;
  /** Takes a place for a call that lasts; returns how to give it back. Throws `limit-exceeded` where there is none. */
  readonly occupy: (kind: 'upload' | 'stream', principal: Principal) => () => void;
  readonly onRefused: (call: RefusedCall) => void;
  readonly stopping: AbortSignal;
}

/** An error as grpc-js sends it. What is `internal` is told by a reference only, which its message in the log begins with. */
export function callStatus(thrown: unknown): ServerErrorResponse {
  const { code, message, detailsBin } = toServiceError(EspalierError.from(thrown));
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(detailsBin));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** A fault of the server's own gets a reference by which its caller and the log can speak of it. */
export function referenced(error: EspalierError): EspalierError {
  if (error.code !== 'internal') return error;
  return new EspalierError('internal', `${randomUUID().slice(0, 8)}: ${error.message}`, { cause: error });
}
