import { Metadata } from '@grpc/grpc-js';
import type { Clock, EspalierError } from '../../../common/index.js';
import { toServiceError } from '../../../proto/index.js';
import type { ApiLimits } from '../limits/index.js';
import type { Principal } from './service-handlers.js';

/** A call that was refused or failed. */
export interface RefusedCall {
  /** `/espalier.v1.BlockService/GetBlock`. */
  readonly path: string;
  readonly principal: Principal;
  /** The address that it came from. */
  readonly peer: string;
  readonly error: EspalierError;
  /** By which the caller was told of a fault of the server's own. */
  readonly reference?: string;
  readonly durationMs: number;
  /** Refusals before this one that were not told of, since they were too many. */
  readonly untold?: number;
}

/** An admitted call, as its handler's runner sees it. */
export interface OpenCall {
  readonly principal: Principal;
  /** One more message of it may be read. */
  allow(): void;
  /** Ends it though its reader takes nothing. */
  reset(): void;
  /** The address that it comes from. */
  getPeer(): string;
}

/** What every call is run with. */
export interface CallTools {
  readonly clock: Clock;
  readonly limits: ApiLimits;
  /** The call as it was admitted. */
  readonly admitted: (call: { readonly metadata: Metadata }) => OpenCall;
  readonly onRefused: (call: RefusedCall) => void;
  readonly stopping: AbortSignal;
}

/** When somebody who was refused for now should try again. */
const RETRY_AFTER_MS = 1_000;

/** An error as grpc-js takes it. */
export type CallStatus = Error & { readonly code: number; readonly details: string; readonly metadata: Metadata };

/** An error as it is sent, see `toServiceError`. */
export function callStatus(error: EspalierError, reference?: string): CallStatus {
  const retryAfterMs = error.code === 'rate-limited' || error.code === 'server-busy' ? RETRY_AFTER_MS : undefined;
  const { code, message, detailsBin } = toServiceError(error, {
    ...(reference === undefined ? {} : { reference }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  const metadata = new Metadata();
  metadata.set(DETAILS, Buffer.from(detailsBin));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** Where the details of an error are in the trailing metadata. */
export const DETAILS = 'grpc-status-details-bin';

/** The address in what grpc-js calls a peer, `address:port`. */
export function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}
