import { type Clock, EspalierError } from '../../../common/index.js';
import type { ApiLimits } from './api-limits.js';

/** Callers whose rate is remembered: the one that called longest ago is forgotten, its bucket full by then. */
const BUCKETS_MAX = 10_000;

/**
 * `unary`: one answer. `upload`: a stream to the server. `stream`: one from it. `aside`: health and reflection, for which
 * nobody needs to say who they are.
 */
export type CallKind = 'unary' | 'upload' | 'stream' | 'aside';

interface Place {
  readonly key: string;
  readonly max: number;
  readonly refusal: (max: number) => EspalierError;
}

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
  readonly #open = new Map<string, number>();

  constructor(options: ApiLimits, clock: Pick<Clock, 'monotonicMs'>) {
    this.options = options;
    this.#clock = clock;
  }

  /** One more call of a caller. Throws `rate-limited`. */
  request(caller: string): void {
    const { requestsPerSecond, requestsBurst } = this.options;
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(caller) ?? { tokens: requestsBurst, filledMs: nowMs };
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined && this.#buckets.size > BUCKETS_MAX) this.#buckets.delete(oldest);
    const filled = ((nowMs - bucket.filledMs) / 1_000) * requestsPerSecond;
    bucket.tokens = Math.min(requestsBurst, bucket.tokens + filled);
    bucket.filledMs = nowMs;
    if (bucket.tokens < 1) {
      throw new EspalierError(
        'rate-limited',
        `${caller} calls more than ${requestsPerSecond} times a second (requestsPerSecond)`,
        { remedy: 'call less often: watch a block instead of asking for it' },
      );
    }
    bucket.tokens -= 1;
  }

  /** One more call at once; returns how to say that it is over. Throws `server-busy` or `limit-exceeded`. */
  occupy(kind: CallKind, caller: string): () => void {
    const { callsMax, uploadsMax, asidesPerPeerMax, streamsMax, streamsPerPrincipalMax } = this.options;
    switch (kind) {
      case 'unary':
        return this.#take({ key: 'calls', max: callsMax, refusal: busy('calls are being answered', 'callsMax') });
      case 'upload':
        return this.#take({
          key: 'uploads',
          max: uploadsMax,
          refusal: busy('blocks are being submitted', 'uploadsMax'),
        });
      case 'aside': {
        const refusal = tooMany(caller, 'calls', 'asidesPerPeerMax');
        return this.#take({ key: `aside ${caller}`, max: asidesPerPeerMax, refusal });
      }
      case 'stream': {
        const refusal = tooMany(caller, 'streams', 'streamsPerPrincipalMax');
        return this.#take(
          { key: `stream ${caller}`, max: streamsPerPrincipalMax, refusal },
          { key: 'streams', max: streamsMax, refusal: busy('streams are open', 'streamsMax') },
        );
      }
    }
  }

  /** All or none of them. */
  #take(...places: readonly Place[]): () => void {
    for (const { key, max, refusal } of places) if (this.#count(key) >= max) throw refusal(max);
    for (const { key } of places) this.#open.set(key, this.#count(key) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const { key } of places) {
        const left = this.#count(key) - 1;
        if (left > 0) this.#open.set(key, left);
        else this.#open.delete(key);
      }
    };
  }

  #count(key: string): number {
    return this.#open.get(key) ?? 0;
  }
}

function busy(what: string, limit: string): (max: number) => EspalierError {
  return (max) =>
    new EspalierError('server-busy', `${max} ${what} already, as many as may be at once (${limit})`, {
      remedy: 'try again in a moment, or call another orchestrator of the cluster',
    });
}

function tooMany(caller: string, what: string, limit: string): (max: number) => EspalierError {
  return (max) =>
    new EspalierError(
      'limit-exceeded',
      `${caller} has ${max} ${what} open already, as many as one may have (${limit})`,
      {
        remedy: 'end some of them first',
      },
    );
}
