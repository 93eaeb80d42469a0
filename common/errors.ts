/**
 * The closed set of things that can go wrong, each with a stable code.
 *
 * `docs/errors.md` lists every code with its cause and remedy; a test holds the page and this table together.
 * `retryable` says whether the same job may succeed when it is tried again; `exitCode` is what the command exits with.
 */
export const ERROR_CODES = {
  // The user's input: will fail the same way every time.
  'block-invalid': { retryable: false, exitCode: 2 },
  'block-not-executable': { retryable: false, exitCode: 2 },
  'client-proof-invalid': { retryable: false, exitCode: 2 },
  'duplicate-nullifier': { retryable: false, exitCode: 2 },
  usage: { retryable: false, exitCode: 2 },
  'profile-invalid': { retryable: false, exitCode: 2 },
  'block-unknown': { retryable: false, exitCode: 2 },
  // The machine: what must be there and is not.
  'srs-missing': { retryable: false, exitCode: 3 },
  'srs-invalid': { retryable: false, exitCode: 3 },
  'srs-unsupported': { retryable: false, exitCode: 3 },
  'prover-unavailable': { retryable: false, exitCode: 3 },
  'circuits-missing': { retryable: false, exitCode: 3 },
  'resources-insufficient': { retryable: false, exitCode: 3 },
  'disk-full': { retryable: false, exitCode: 3 },
  'folder-busy': { retryable: false, exitCode: 3 },
  'folder-mismatch': { retryable: false, exitCode: 3 },
  'redis-unsuitable': { retryable: false, exitCode: 3 },
  // Proving.
  'witness-unsatisfied': { retryable: false, exitCode: 4 },
  'inputs-malformed': { retryable: false, exitCode: 4 },
  'prover-crashed': { retryable: true, exitCode: 4 },
  'prover-rejected': { retryable: false, exitCode: 4 },
  'prover-timeout': { retryable: true, exitCode: 4 },
  'out-of-memory': { retryable: true, exitCode: 4 },
  'proof-invalid': { retryable: true, exitCode: 4 },
  'attempts-exhausted': { retryable: false, exitCode: 4 },
  'job-quarantined': { retryable: false, exitCode: 4 },
  // What is stored or queued.
  'store-corrupt': { retryable: true, exitCode: 5 },
  'store-unavailable': { retryable: true, exitCode: 5 },
  'queue-conflict': { retryable: false, exitCode: 5 },
  'queue-full': { retryable: true, exitCode: 5 },
  'queue-unavailable': { retryable: true, exitCode: 5 },
  'lease-lost': { retryable: true, exitCode: 5 },
  'server-unavailable': { retryable: true, exitCode: 5 },
  // Checking a finished block.
  'verification-failed': { retryable: false, exitCode: 6 },
  // Neither a fault nor a success.
  cancelled: { retryable: true, exitCode: 130 },
  internal: { retryable: false, exitCode: 70 },
} as const satisfies Record<string, { retryable: boolean; exitCode: number }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface EspalierErrorOptions {
  /** What the user can do about it: one sentence or a command. */
  readonly remedy?: string;
  /** The id of what is at fault where it is not the thing worked on: the child whose stored proof is corrupt. */
  readonly subject?: string;
  readonly cause?: unknown;
}

/** What crosses threads, processes and the wire in place of an error object. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy?: string;
  readonly subject?: string;
}

/**
 * The one error class of Espalier. The message names the thing and the value; `remedy` says what to do.
 * Errors that crossed a thread, a process or the wire are rebuilt by code with `fromSerialized`, so never test them
 * with `instanceof` on a subclass: there is none.
 */
export class EspalierError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly subject: string | undefined;

  constructor(code: ErrorCode, message: string, options: EspalierErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EspalierError';
    this.code = code;
    this.remedy = options.remedy;
    this.subject = options.subject;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code].exitCode;
  }

  /** One line for a person: what, where, and what to do. */
  toLine(): string {
    return this.remedy === undefined ? this.message : `${this.message}; ${this.remedy}`;
  }

  toSerialized(): SerializedError {
    return {
      code: this.code,
      message: this.message,
      ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
      ...(this.subject === undefined ? {} : { subject: this.subject }),
    };
  }

  static fromSerialized({ code, message, ...options }: SerializedError): EspalierError {
    return new EspalierError(code, message, options);
  }

  /** Any thrown value as an `EspalierError`; what is not one already becomes `fallback`, with the value as its cause. */
  static from(thrown: unknown, fallback: ErrorCode = 'internal'): EspalierError {
    if (thrown instanceof EspalierError) return thrown;
    if (isSystemError(thrown) && (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT')) {
      return new EspalierError('disk-full', `no space left on the device: ${thrown.message}`, {
        cause: thrown,
        remedy: 'free some space and run the same command again; finished proofs are kept',
      });
    }
    if (isSystemError(thrown) && thrown.name === 'AbortError') {
      return new EspalierError('cancelled', 'cancelled', { cause: thrown });
    }
    return new EspalierError(fallback, thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}

function isSystemError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error;
}
