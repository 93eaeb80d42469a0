import { EspalierError } from '../../../common/index.js';
import { LIMITS } from '../../../proto/index.js';

/** What a server takes. Each refusal names the limit as it is called here, and its value. */
export interface ApiLimits {
  /** Bytes of one message to the server: a part of a block. */
  readonly messageBytesMax: number;
  /** Bytes of the request of any other method. */
  readonly requestBytesMax: number;
  /** Values in one message: each takes some hundred bytes of memory, however few it takes on the wire. */
  readonly messageValuesMax: number;
  /** Bytes of the headers of a call. */
  readonly headerBytesMax: number;
  /** Calls a second of one principal, on average; and how many at once beyond that. */
  readonly requestsPerSecond: number;
  readonly requestsBurst: number;
  /** Calls with one answer, at once. */
  readonly callsMax: number;
  /** Streams from the server at once: of all, and of one principal. */
  readonly streamsMax: number;
  readonly streamsPerPrincipalMax: number;
  /** Calls of health and reflection at once, of one address: they take no token. */
  readonly asidesPerPeerMax: number;
  /** Uploads at once: each spools a block to disk. */
  readonly uploadsMax: number;
  /** Of a submission, as it comes. */
  readonly submissionBytesMax: number;
  readonly submissionTransactionsMax: number;
  /** Blocks of the cluster that may be open when one more is submitted here. */
  readonly blocksOpenMax: number;
  /** Until the next message of an upload, or the request of a call. */
  readonly uploadStallMs: number;
  /** Until a message of a stream is taken by the one it is sent to. */
  readonly readerStallMs: number;
  /** Until a call with one answer is answered, and again until the answer is taken. */
  readonly callMs: number;
  /** Connections at once. */
  readonly connectionsMax: number;
  /** A connection that is older takes no new calls, so that clients spread anew; what runs on it goes on. */
  readonly connectionAgeMs: number;
  /** A connection without a call for so long is closed. */
  readonly connectionIdleMs: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  messageBytesMax: 4 * 1024 * 1024,
  requestBytesMax: 64 * 1024,
  messageValuesMax: 131_072,
  headerBytesMax: 16 * 1024,
  requestsPerSecond: 500,
  requestsBurst: 2_000,
  callsMax: 1_000,
  streamsMax: 4_000,
  streamsPerPrincipalMax: 2_000,
  asidesPerPeerMax: 20,
  uploadsMax: 16,
  submissionBytesMax: LIMITS.blockLinesBytesMax,
  submissionTransactionsMax: LIMITS.transactionsMax,
  blocksOpenMax: 1_000,
  uploadStallMs: 60_000,
  readerStallMs: 600_000,
  callMs: 30_000,
  connectionsMax: 4_096,
  connectionAgeMs: 3_600_000,
  connectionIdleMs: 600_000,
};

/** Timers take no more. */
const VALUE_MAX = 2 ** 31 - 1;
const BYTES_MAX = 2 ** 40;

/** Throws `usage` for a limit that is no positive number, or that there is not. */
export function apiLimits(given: Partial<ApiLimits> = {}): ApiLimits {
  const unknown = Object.keys(given).find((name) => !(name in DEFAULT_LIMITS));
  if (unknown !== undefined) {
    throw new EspalierError('usage', `the API has no limit ${unknown}`, {
      remedy: `it has ${Object.keys(DEFAULT_LIMITS).join(', ')}`,
    });
  }
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries<unknown>(limits)) {
    const max = name.endsWith('BytesMax') ? BYTES_MAX : VALUE_MAX;
    if (typeof value === 'number' && value > 0 && value <= max) continue;
    throw new EspalierError('usage', `the limit ${name} of the API is ${value}`, {
      remedy: `allowed: a number above 0, at most ${max}`,
    });
  }
  return limits;
}
