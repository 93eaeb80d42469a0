import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerListener,
} from '@grpc/grpc-js';
import { EspalierError } from '../../../common/index.js';
import type { ApiLimits, CallKind } from '../limits/index.js';
import { callStatus } from './call-tools.js';
import { resetStream } from './http2-stream.js';
import { UnfitRequest } from './safe-definition.js';
import type { Principal } from './service-handlers.js';

/** Messages that are taken ahead of those that were asked for, or answered. */
const UPLOADS_AHEAD = 1;
const ASIDES_AHEAD = 8;

export interface GuardOptions {
  readonly path: string;
  readonly kind: CallKind;
  readonly limits: Pick<ApiLimits, 'uploadStallMs' | 'callMs'>;
  /** Whether the call is admitted; throws its refusal. `release` is to be called when it is over. */
  readonly admit: (metadata: Metadata) => { readonly principal: Principal; readonly release: () => void };
  /** A refusal of this call by itself, for the log. */
  readonly onRefused: (error: EspalierError) => void;
  readonly onAdmitted: (metadata: Metadata) => void;
}

/**
 * A call, from its headers to its end, with what grpc-js leaves open:
 *
 * - *offered*: its headers are there. It is admitted or refused before anything more of it is read.
 * - *admitted*: it holds its place among the calls that may be open at once. Of an upload, messages are read as they are
 *   asked for (`allow`), where grpc-js would take sixteen ahead; of reflection, as those before are answered. The request
 *   of any other call must come in time, and a single answer must be taken in time.
 * - *over*: ended, cancelled, or its connection is gone. Its place is free.
 */
export class GuardedCall extends ServerInterceptingCall {
  readonly #base: ServerInterceptingCallInterface;
  readonly #options: GuardOptions;
  #principal: Principal | undefined;
  #release = () => {};
  #timer: NodeJS.Timeout | undefined;
  #reads: number;
  #isReadHeld = false;

  static guard(base: ServerInterceptingCallInterface, options: GuardOptions): GuardedCall {
    const start = (next: (listener: ServerListener) => void) => next(guarded.#listener());
    const guarded = new GuardedCall(base, options, start);
    return guarded;
  }

  private constructor(
    base: ServerInterceptingCallInterface,
    options: GuardOptions,
    start: (next: (listener: ServerListener) => void) => void,
  ) {
    super(base, { start });
    this.#base = base;
    this.#options = options;
    const { kind } = options;
    this.#reads = kind === 'upload' ? UPLOADS_AHEAD : kind === 'aside' ? ASIDES_AHEAD : Number.POSITIVE_INFINITY;
  }

  /** Who was admitted. */
  get principal(): Principal {
    if (this.#principal === undefined) throw new EspalierError('internal', 'the call was not admitted');
    return this.#principal;
  }

  /** One more message may be read. */
  allow(): void {
    this.#reads += 1;
    if (!this.#isReadHeld) return;
    this.#isReadHeld = false;
    this.startRead();
  }

  override startRead(): void {
    if (this.#reads < 1) {
      this.#isReadHeld = true;
      return;
    }
    this.#reads -= 1;
    super.startRead();
  }

  override sendMessage(message: unknown, callback: () => void): void {
    const { kind, limits } = this.#options;
    // Streams see to it themselves, see `send`.
    if (kind !== 'stream') this.#within(limits.callMs, () => this.reset());
    super.sendMessage(message, () => {
      clearTimeout(this.#timer);
      if (kind === 'aside') this.allow();
      callback();
    });
  }

  /** See `resetStream`. */
  reset(): void {
    resetStream(this.#base);
  }

  #listener(): ServerListener {
    return {
      onReceiveMetadata: (metadata, proceed) => {
        try {
          const { principal, release } = this.#options.admit(metadata);
          this.#principal = principal;
          this.#release = release;
        } catch (thrown) {
          this.#refuse(EspalierError.from(thrown));
          return;
        }
        const { kind, limits } = this.#options;
        if (kind !== 'upload')
          this.#within(limits.uploadStallMs, () => this.#refuse(nothingCame(limits.uploadStallMs)));
        // Handlers have no use for it, and nothing may log it.
        metadata.remove('authorization');
        this.#options.onAdmitted(metadata);
        proceed(metadata);
      },
      onReceiveMessage: (message, proceed) => {
        if (message instanceof UnfitRequest) this.#refuse(message.error);
        else proceed(message);
      },
      onReceiveHalfClose: (proceed) => {
        clearTimeout(this.#timer);
        proceed();
      },
      onCancel: () => {
        clearTimeout(this.#timer);
        this.#release();
      },
    };
  }

  #refuse(error: EspalierError): void {
    clearTimeout(this.#timer);
    this.#options.onRefused(error);
    this.#base.sendStatus(callStatus(error));
  }

  #within(ms: number, tooLate: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(tooLate, ms).unref();
  }
}

function nothingCame(limitMs: number): EspalierError {
  return new EspalierError(
    'call-timeout',
    `the request did not come within ${limitMs / 1_000} s, as long as it may take (uploadStallMs)`,
    { remedy: 'call again' },
  );
}
