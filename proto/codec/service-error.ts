import { ERROR_CODES, type EspalierError } from '../../common/index.js';
import * as wire from '../wire.js';

/** The domain of Espalier's `ErrorInfo`. */
export const ERROR_DOMAIN = 'espalier';

const TYPE_PREFIX = 'type.googleapis.com/';
/**
 * Trailers are headers, of which many clients take 8 KiB in all. The message is there twice: escaped, where a character
 * may take nine bytes, and in the details, which are sent in base 64.
 */
const MESSAGE_BYTES_MAX = 2_000;
const DETAIL_BYTES_MAX = 800;

/** An error as gRPC sends it. */
export interface WireError {
  /** The gRPC status. */
  readonly code: number;
  readonly message: string;
  /** Of the trailer `grpc-status-details-bin`: a `google.rpc.Status`. */
  readonly detailsBin: Uint8Array;
}

/**
 * An error for whoever called: its code, message and remedy, never its cause. Of a fault of the server's own (`internal`)
 * it says no more than `reference`, by which the log tells of it. `retryAfterMs`: when the same call may succeed.
 */
export function toServiceError(
  error: EspalierError,
  { reference, retryAfterMs }: { readonly reference?: string; readonly retryAfterMs?: number } = {},
): WireError {
  const { grpcStatus: code, retryable } = ERROR_CODES[error.code];
  const isInner = error.code === 'internal';
  const where = reference === undefined ? '' : ` (the log has it as ${reference})`;
  const message = isInner ? `a fault of the server's own${where}` : clipped(error.message, MESSAGE_BYTES_MAX);
  const told = isInner ? {} : { remedy: error.remedy, subject: error.subject };
  const metadata = Object.fromEntries(
    Object.entries({ ...told, retryable: String(retryable) }).flatMap(([name, text]) =>
      text === undefined ? [] : [[name, clipped(text, DETAIL_BYTES_MAX)]],
    ),
  );
  const details = [
    any('google.rpc.ErrorInfo', wire.ErrorInfo.encode({ reason: error.code, domain: ERROR_DOMAIN, metadata })),
  ];
  if (retryAfterMs !== undefined) {
    const retryDelay = { seconds: Math.floor(retryAfterMs / 1_000), nanos: Math.round((retryAfterMs % 1_000) * 1e6) };
    details.push(any('google.rpc.RetryInfo', wire.RetryInfo.encode({ retryDelay })));
  }
  return { code, message, detailsBin: wire.Status.encode({ code, message, details }).finish() };
}

function any(name: string, encoded: { finish(): Uint8Array }): wire.Status['details'][number] {
  return { typeUrl: TYPE_PREFIX + name, value: Buffer.from(encoded.finish()) };
}

/** Cut to so many bytes as they are escaped, and without halves of characters, of which there is no escaped form. */
function clipped(text: string, escapedBytesMax: number): string {
  const whole = text.replace(LONE_HALVES, '\u{fffd}');
  let bytes = 0;
  let end = 0;
  for (const character of whole) {
    bytes += encodeURI(character).length;
    if (bytes > escapedBytesMax) return `${whole.slice(0, end)}… (${text.length} characters)`;
    end += character.length;
  }
  return whole;
}

const LONE_HALVES = /\p{Surrogate}/gu;
