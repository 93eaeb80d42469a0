import { type Clock, EspalierError } from '../../../common/index.js';

export interface ApiLimits {
  /** Bytes of one message to the server. */
  readonly messageBytesMax: number;
  /** Calls a second of one principal, on average; and how many at once beyond that. */
  readonly requestsPerSecond: number;
  readonly requestsBurst: number;
  /** Streams from the server at once: of all, and of one principal. */
  readonly streamsMax: number;
  readonly streamsPerPrincipalMax: number;
  /** Uploads at once: each spools a block to disk. */
  readonly uploadsMax: number;
  readonly uploadStallMs: number;
  readonly readerStallMs: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  messageBytesMax: 4 * 1024 * 1024,
  requestsPerSecond: 500,
  requestsBurst: 2_000,
  streamsMax: 4_000,
  streamsPerPrincipalMax: 2_000,
  uploadsMax: 16,
  uploadStallMs: 60_000,
  readerStallMs: 600_000,
};

/** Principals whose rate is remembered: the one that called longest ago is forgotten, its bucket full by then. */
const BUCKETS_MAX = 10_000;

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** How much is asked of the server at once, and how fast. A refusal names the limit, its value and what to do. */
export class CallLimits {
  readonly options: ApiLimits;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The one that called longest ago first. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #streams = new Map<string, number>();
  #streamsOpen = 0;
  #uploads = 0;

  constructor(options: ApiLimits, clock: Pick<Clock, 'monotonicMs'>) {
    this.options = options;
    this.#clock = clock;
  }

  /** One more call. Throws `rate-limited`. */
  request(principal: string): void {
    const { requestsPerSecond, requestsBurst } = this.options;
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(principal) ?? { tokens: requestsBurst, filledMs: nowMs };
    this.#buckets.delete(principal);
    this.#buckets.set(principal, bucket);
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined && this.#buckets.size > BUCKETS_MAX) this.#buckets.delete(oldest);
    const filled = ((nowMs - bucket.filledMs) / 1_000) * requestsPerSecond;
    bucket.tokens = Math.min(requestsBurst, bucket.tokens + filled);
    bucket.filledMs = nowMs;
    if (bucket.tokens < 1) {
      throw new EspalierError(
        'rate-limited',
        `${principal} calls more than ${requestsPerSecond} times a second (rate limit)`,
        { remedy: 'wait a second, and call less often: watch a block instead of asking for it' },
      );
    }
    bucket.tokens -= 1;
  }

  /** One more upload or stream; returns how to say that it is over. Throws `server-busy` or `limit-exceeded`. */
  occupy(kind: 'upload' | 'stream', principal: string): () => void {
    return kind === 'upload' ? this.#upload() : this.#stream(principal);
  }

  #upload(): () => void {
    const { uploadsMax } = this.options;
    if (this.#uploads >= uploadsMax) {
      throw new EspalierError('server-busy', `${uploadsMax} blocks are being submitted already (upload limit)`, {
        remedy: 'submit it again in a moment',
      });
    }
    this.#uploads += 1;
    return once(() => {
      this.#uploads -= 1;
    });
  }

  #stream(principal: string): () => void {
    const { streamsMax, streamsPerPrincipalMax } = this.options;
    const own = this.#streams.get(principal) ?? 0;
    if (own >= streamsPerPrincipalMax) {
      throw new EspalierError(
        'limit-exceeded',
        `${principal} has ${own} streams open already (limit of a principal: ${streamsPerPrincipalMax})`,
        { remedy: 'end some of them first' },
      );
    }
    if (this.#streamsOpen >= streamsMax) {
      throw new EspalierError('server-busy', `${streamsMax} streams are open already (limit of the server)`, {
        remedy: 'call another orchestrator of the cluster, or later',
      });
    }
    this.#streamsOpen += 1;
    this.#streams.set(principal, own + 1);
    return once(() => {
      this.#streamsOpen -= 1;
      const left = (this.#streams.get(principal) ?? 1) - 1;
      if (left > 0) this.#streams.set(principal, left);
      else this.#streams.delete(principal);
    });
  }
}

function once(release: () => void): () => void {
  let isOver = false;
  return () => {
    if (!isOver) release();
    isOver = true;
  };
}
