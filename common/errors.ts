/** The status codes of gRPC that Espalier answers with, by their names there. The numbers are part of gRPC's protocol. */
export const GRPC_STATUS = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/**
 * The closed set of things that can go wrong, each with a stable code.
 *
 * `docs/errors.md` lists every code with its cause and remedy; a test holds the page and this table together.
 * `retryable` says whether the same job may succeed when it is tried again; `exitCode` is what the command exits with;
 * `grpcStatus` is the status of a call of the API that fails so.
 */
export const ERROR_CODES = {
  // The user's input: will fail the same way every time.
  'block-invalid': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.INVALID_ARGUMENT },
  'block-not-executable': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.INVALID_ARGUMENT },
  'client-proof-invalid': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.INVALID_ARGUMENT },
  'duplicate-nullifier': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.INVALID_ARGUMENT },
  usage: { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.INVALID_ARGUMENT },
  'profile-invalid': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.INVALID_ARGUMENT },
  'block-unknown': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.NOT_FOUND },
  // The machine: what must be there and is not.
  'srs-missing': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'srs-invalid': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'srs-unsupported': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'prover-unavailable': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'circuits-missing': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'resources-insufficient': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'disk-full': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED },
  'folder-busy': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'folder-mismatch': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'redis-unsuitable': { retryable: false, exitCode: 3, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  // Proving.
  'witness-unsatisfied': { retryable: false, exitCode: 4, grpcStatus: GRPC_STATUS.INTERNAL },
  'inputs-malformed': { retryable: false, exitCode: 4, grpcStatus: GRPC_STATUS.INTERNAL },
  'prover-crashed': { retryable: true, exitCode: 4, grpcStatus: GRPC_STATUS.ABORTED },
  'prover-rejected': { retryable: false, exitCode: 4, grpcStatus: GRPC_STATUS.INTERNAL },
  'prover-timeout': { retryable: true, exitCode: 4, grpcStatus: GRPC_STATUS.ABORTED },
  'out-of-memory': { retryable: true, exitCode: 4, grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED },
  'proof-invalid': { retryable: true, exitCode: 4, grpcStatus: GRPC_STATUS.ABORTED },
  'attempts-exhausted': { retryable: false, exitCode: 4, grpcStatus: GRPC_STATUS.ABORTED },
  'job-quarantined': { retryable: false, exitCode: 4, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  // What is stored or queued.
  'store-corrupt': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.DATA_LOSS },
  'store-unavailable': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.UNAVAILABLE },
  'queue-conflict': { retryable: false, exitCode: 5, grpcStatus: GRPC_STATUS.ALREADY_EXISTS },
  'queue-full': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED },
  'queue-unavailable': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.UNAVAILABLE },
  'lease-lost': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.ABORTED },
  // Between a client and the server of the API.
  'server-unavailable': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.UNAVAILABLE },
  'server-busy': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED },
  'rate-limited': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED },
  'call-timeout': { retryable: true, exitCode: 5, grpcStatus: GRPC_STATUS.DEADLINE_EXCEEDED },
  'limit-exceeded': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED },
  unauthenticated: { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.UNAUTHENTICATED },
  'permission-denied': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.PERMISSION_DENIED },
  'request-malformed': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.INVALID_ARGUMENT },
  'block-open': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  'proof-unknown': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.NOT_FOUND },
  'worker-unknown': { retryable: false, exitCode: 2, grpcStatus: GRPC_STATUS.NOT_FOUND },
  // Checking a finished block.
  'verification-failed': { retryable: false, exitCode: 6, grpcStatus: GRPC_STATUS.FAILED_PRECONDITION },
  // Neither a fault nor a success.
  cancelled: { retryable: true, exitCode: 130, grpcStatus: GRPC_STATUS.CANCELLED },
  internal: { retryable: false, exitCode: 70, grpcStatus: GRPC_STATUS.INTERNAL },
} as const satisfies Record<string, { retryable: boolean; exitCode: number; grpcStatus: number }>;

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

  /** The number of the gRPC status that a call ends with that fails so. */
  get grpcStatus(): number {
    return ERROR_CODES[this.code].grpcStatus;
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
