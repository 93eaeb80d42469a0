import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { EspalierError } from '../../common/index.js';
import { callStatus, type RefusedCall } from './call-tools.js';
import type { Principal } from './service-handlers.js';

/** What a caller shows of itself. */
export interface Credentials {
  /** The `authorization` header. */
  readonly authorization: string | undefined;
  /** Common name of the client certificate that the connection was admitted with. */
  readonly certificate: string | undefined;
}

export interface AdmissionOptions {
  /** Who this is, and that they may call this method now. Throws `unauthenticated`, `permission-denied`, `rate-limited`. */
  readonly admit: (path: string, credentials: Credentials) => Principal;
  readonly onRefused: (call: RefusedCall) => void;
}

const NOBODY: Principal = { name: 'nobody' };
/** grpc-js's own refusals of what is too large. */
const TOO_LARGE = /larger than max|max(imum)? (message|receive)/i;

/**
 * Asks who calls before anything of a call is read, and refuses those who may not. What grpc-js refuses by itself (a
 * message too large) gets the details of Espalier's errors too.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #admitted = new WeakMap<Metadata, Principal>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  principalOf(call: { readonly metadata: Metadata }): Principal {
    return this.#admitted.get(call.metadata) ?? NOBODY;
  }

  readonly interceptor: ServerInterceptor = ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const [header] = metadata.get('authorization');
            const authorization = header === undefined ? undefined : header.toString();
            const certificate = commonName(call.getAuthContext().sslPeerCertificate?.subject?.CN);
            try {
              this.#admitted.set(metadata, this.#options.admit(path, { authorization, certificate }));
            } catch (thrown) {
              const error = EspalierError.from(thrown);
              this.#options.onRefused({ path, principal: NOBODY, error, durationMs: 0 });
              const { code = 13, details = '', metadata: trailers } = callStatus(error);
              call.sendStatus({ code, details, ...(trailers === undefined ? {} : { metadata: trailers }) });
              return;
            }
            // Handlers have no use for it, and nothing may log it.
            metadata.remove('authorization');
            proceed(metadata);
          },
        }),
      sendStatus: (status, next) => {
        const isOurs = (status.metadata?.get('grpc-status-details-bin').length ?? 0) > 0;
        if (isOurs || !TOO_LARGE.test(status.details ?? '')) return next(status);
        const error = new EspalierError('limit-exceeded', `a message of the call is too large: ${status.details}`, {
          remedy: 'send a block in more and smaller parts',
        });
        const { code = 8, details = '', metadata } = callStatus(error);
        next({ code, details, ...(metadata === undefined ? {} : { metadata }) });
      },
    });
}

/** Of a certificate with several the first. */
function commonName(name: string | readonly string[] | undefined): string | undefined {
  return typeof name === 'string' ? name : name?.[0];
}
