import { type Metadata, type ServerInterceptingCallInterface, type ServerInterceptor, status } from '@grpc/grpc-js';
import { EspalierError } from '../../../common/index.js';
import type { CallKind, CallLimits } from '../limits/index.js';
import { addressOf, callStatus, DETAILS, type OpenCall, type RefusedCall } from './call-tools.js';
import { GuardedCall } from './guarded-call.js';
import { closeWhenAnswered } from './http2-stream.js';
import type { Principal } from './service-handlers.js';

/** What a caller shows of itself. */
export interface Credentials {
  /** The `authorization` header. */
  readonly authorization: string | undefined;
  /** Common name of the client certificate that the connection was admitted with. */
  readonly certificate: string | undefined;
}

export interface AdmissionOptions {
  readonly access: {
    /** Who calls this method; null: anyone may. Throws `unauthenticated`. */
    identify(path: string, credentials: Credentials): Principal | null;
    /** Throws `permission-denied` unless the principal may call this method. */
    permit(path: string, principal: Principal): void;
  };
  readonly limits: CallLimits;
  readonly clock: { monotonicMs(): number };
  readonly onRefused: (call: RefusedCall) => void;
}

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

const NOBODY: Principal = { name: 'nobody' };
const ANYONE: Principal = { name: 'anyone' };
/** Health and reflection. */
const ASIDE = /^\/grpc\./;

/**
 * Asks who calls before anything of a call is read, and refuses those who may not, and those who ask too much. What
 * grpc-js refuses by itself gets the details of Espalier's errors too, and is told of like all the others.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #calls = new WeakMap<Metadata, GuardedCall>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  admitted(call: { readonly metadata: Metadata }): OpenCall {
    const admitted = this.#calls.get(call.metadata);
    if (admitted === undefined) throw new EspalierError('internal', 'a call reached its handler unadmitted');
    return admitted;
  }

  readonly interceptor: ServerInterceptor = ({ path, requestStream, responseStream }, call) => {
    const { limits, clock, onRefused } = this.#options;
    const startedMs = clock.monotonicMs();
    const kind = ASIDE.test(path) ? 'aside' : requestStream ? 'upload' : responseStream ? 'stream' : 'unary';
    let principal = NOBODY;
    const refused = (error: EspalierError) => {
      const durationMs = clock.monotonicMs() - startedMs;
      onRefused({ path, principal, peer: addressOf(call.getPeer()), error, durationMs });
    };
    tellOwnRefusals(call, refused);
    const guarded: GuardedCall = GuardedCall.guard(call, {
      path,
      kind,
      limits: limits.options,
      admit: (metadata) => {
        principal = this.#identify(path, metadata, call);
        if (principal !== ANYONE) this.#options.access.permit(path, principal);
        return { principal, release: this.#occupy(kind, principal, call) };
      },
      onRefused: refused,
      onAdmitted: (metadata) => this.#calls.set(metadata, guarded),
    });
    return guarded;
  };

  #identify(path: string, metadata: Metadata, call: ServerInterceptingCallInterface): Principal {
    const { access, limits } = this.#options;
    const bytes = bytesOf(metadata);
    const { headerBytesMax } = limits.options;
    if (bytes > headerBytesMax) {
      const message = `the headers of the call have ${bytes} bytes, and may have ${headerBytesMax} (headerBytesMax)`;
      throw new EspalierError('limit-exceeded', message, { remedy: 'send less metadata' });
    }
    const [authorization] = metadata.get('authorization');
    const certificate = commonName(call.getAuthContext().sslPeerCertificate?.subject?.CN);
    try {
      return access.identify(path, { authorization: authorization?.toString(), certificate }) ?? ANYONE;
    } catch (thrown) {
      // Nor may one who only guesses at tokens keep the server busy.
      limits.request(`unknown ${addressOf(call.getPeer())}`);
      throw thrown;
    }
  }

  #occupy(kind: CallKind, { name }: Principal, call: ServerInterceptingCallInterface): () => void {
    const { limits } = this.#options;
    // One who need not say who they are must not use up what is the others'.
    const isAnyone = name === ANYONE.name;
    const caller = isAnyone ? addressOf(call.getPeer()) : name;
    limits.request(kind === 'aside' ? `aside ${caller}` : caller);
    return limits.occupy(kind, caller);
  }
}

/** What grpc-js ends a call with by itself goes past all interceptors, so it is met where it is sent. */
function tellOwnRefusals(call: ServerInterceptingCallInterface, refused: (error: EspalierError) => void): void {
  const send = call.sendStatus.bind(call);
  call.sendStatus = (sent: Status) => {
    const isTold = sent.code === status.OK || (sent.metadata?.get(DETAILS).length ?? 0) > 0;
    const error = isTold ? undefined : errorOf(sent);
    if (error !== undefined) refused(error);
    send(error === undefined ? sent : callStatus(error));
    closeWhenAnswered(call);
  };
}

/** undefined for what only gRPC has a word for: methods, encodings and services that are not there. */
function errorOf({ code, details }: Status): EspalierError | undefined {
  switch (code) {
    case status.RESOURCE_EXHAUSTED:
      return new EspalierError('limit-exceeded', `a message of the call is too large: ${details} (messageBytesMax)`, {
        remedy: 'send a block in more and smaller parts',
      });
    case status.DEADLINE_EXCEEDED:
      return new EspalierError('call-timeout', 'the deadline that the caller gave the call has passed', {
        remedy: 'call again, with more time',
      });
    case status.INTERNAL:
      if (/decompress|grpc-timeout/i.test(details)) {
        return new EspalierError('request-malformed', `the call cannot be read: ${details}`);
      }
      // Anything else is that the caller is gone in the middle of a message, who hears nothing any more.
      return /serializ/i.test(details) ? new EspalierError('internal', details) : undefined;
    default:
      return undefined;
  }
}

/** As HTTP/2 counts them. */
function bytesOf(metadata: Metadata): number {
  const perHeader = 32;
  return Object.entries(metadata.toHttp2Headers()).reduce((sum, [name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.reduce<number>((total, one) => total + name.length + String(one).length + perHeader, sum);
  }, 0);
}

/** Of a certificate with several the first. */
function commonName(name: string | readonly string[] | undefined): string | undefined {
  return typeof name === 'string' ? name : name?.[0];
}
