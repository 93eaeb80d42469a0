import { Metadata, type ServerErrorResponse } from '@grpc/grpc-js';
import type { Clock, EspalierError } from '../../common/index.js';
import { toServiceError } from '../../proto/index.js';
import type { StallOptions } from './message-streams.js';
import type { Principal } from './service-handlers.js';

/** A call that was refused or failed. */
export interface RefusedCall {
  /** `/espalier.v1.BlockService/GetBlock`. */
  readonly path: string;
  readonly principal: Principal;
  readonly error: EspalierError;
  /** By which the caller was told of a fault of the server's own. */
  readonly reference?: string;
  readonly durationMs: number;
}

/** What every call is run with. */
export interface CallTools {
  readonly clock: Clock;
  readonly limits: StallOptions;
  /** Who was admitted with this call. */
  readonly principalOf: (call: { readonly metadata: Metadata }) => Principal;
  /** Takes a place for a call that lasts; returns how to give it back. Throws `limit-exceeded` where there is none. */
  readonly occupy: (kind: 'upload' | 'stream', principal: Principal) => () => void;
  readonly onRefused: (call: RefusedCall) => void;
  readonly stopping: AbortSignal;
}

/** An error as grpc-js sends it, see `toServiceError`. */
export function callStatus(error: EspalierError, reference?: string): ServerErrorResponse {
  const retryAfterMs = error.code === 'rate-limited' || error.code === 'server-busy' ? RETRY_AFTER_MS : undefined;
  const { code, message, detailsBin } = toServiceError(error, {
    ...(reference === undefined ? {} : { reference }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(detailsBin));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** When somebody who was refused for now should try again. */
const RETRY_AFTER_MS = 1_000;
