import { status as Code, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { EspalierError, type SerializedError } from '../common/index.js';
import { ERROR_DOMAIN, failureFromWire, wire } from '../proto/index.js';
import type { ServerAddress } from './server-address.js';

/** An error of a call, and what is to be done about it. */
export interface CallFault {
  readonly error: EspalierError;
  /** Whether the same call may succeed later. */
  readonly isPassing: boolean;
  /** The server asks for a pause of at least so many milliseconds. */
  readonly retryAfterMs: number;
}

const UNSENDABLE = 'Request message serialization failure: ';
const DETAILS = 'grpc-status-details-bin';

/** These and no others may pass by themselves though the server did not say so: the connection is at fault. */
const OF_CONNECTIONS: readonly Code[] = [Code.UNAVAILABLE, Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.ABORTED];

/** What a call of grpc-js rejected with, as what it is: the server's own error, or a trouble of the connection. */
export function rebuildError(thrown: unknown, server: ServerAddress): CallFault {
  if (!isServiceError(thrown)) return { error: EspalierError.from(thrown), isPassing: false, retryAfterMs: 0 };
  const told = errorOfServer(thrown);
  if (told !== undefined) return told;
  return {
    error: connectionError(thrown, server),
    isPassing: OF_CONNECTIONS.includes(thrown.code) || isReset(thrown),
    retryAfterMs: 0,
  };
}

/** A stream that ended well, and before its end. */
export function endedEarly(server: ServerAddress): CallFault {
  const error = new EspalierError(
    'server-unavailable',
    `the server at ${server.text} ended the stream before its end`,
    {
      remedy: 'try again',
    },
  );
  return { error, isPassing: true, retryAfterMs: 0 };
}

function errorOfServer({ metadata, details }: ServiceError): CallFault | undefined {
  const all = detailsOf(metadata);
  const info = all.flatMap((any) => decoded(any, 'google.rpc.ErrorInfo', wire.ErrorInfo))[0];
  if (info?.domain !== ERROR_DOMAIN) return undefined;
  const { remedy = '', subject = '', retryable } = info.metadata;
  const serialized: SerializedError = failureFromWire({ code: info.reason, message: details, remedy, subject });
  const error = EspalierError.fromSerialized(serialized);
  const delay = all.flatMap((any) => decoded(any, 'google.rpc.RetryInfo', wire.RetryInfo))[0]?.retryDelay;
  return {
    error,
    isPassing: retryable === undefined ? error.retryable && error.code !== 'cancelled' : retryable === 'true',
    retryAfterMs: delay === undefined ? 0 : delay.seconds * 1_000 + delay.nanos / 1e6,
  };
}

type Any = wire.Status['details'][number];

function detailsOf(metadata: Metadata | undefined): readonly Any[] {
  const [bytes] = metadata?.get(DETAILS) ?? [];
  if (!Buffer.isBuffer(bytes)) return [];
  try {
    return wire.Status.decode(bytes).details;
  } catch {
    return [];
  }
}

function decoded<T>(any: Any, name: string, type: { decode(bytes: Uint8Array): T }): T[] {
  if (any.typeUrl !== `type.googleapis.com/${name}`) return [];
  try {
    return [type.decode(any.value)];
  } catch {
    return [];
  }
}

/** Whether the stream was reset under the call: the connection broke, the server ended, or nothing of it was read for long. */
function isReset({ code, details }: ServiceError): boolean {
  // What grpc-js calls ENHANCE_YOUR_CALM; of its own limits a server says which.
  if (code === Code.RESOURCE_EXHAUSTED) return /^Bandwidth exhausted/.test(details);
  return code === Code.INTERNAL && /RST_STREAM|stream.*(closed|reset)|GOAWAY|goaway/i.test(details);
}

function connectionError({ code, details }: ServiceError, server: ServerAddress): EspalierError {
  const where = `the server at ${server.text}`;
  switch (code) {
    case Code.DEADLINE_EXCEEDED:
      return new EspalierError('server-unavailable', `${where} did not answer in time`, {
        remedy: 'try again; if it stays so, look at that orchestrator, and at its store and Redis',
      });
    case Code.UNAVAILABLE: {
      const reason = reasonOf(details);
      return new EspalierError('server-unavailable', `${where} cannot be reached: ${reason}`, {
        remedy: remedyFor(reason),
      });
    }
    case Code.CANCELLED:
    case Code.ABORTED:
      return new EspalierError('server-unavailable', `${where} ended the call`, { remedy: 'try again' });
    case Code.UNIMPLEMENTED:
      return new EspalierError('internal', `${where} does not know this call: ${details}`, {
        remedy: 'is it an orchestrator of Espalier, and not older than this client?',
      });
    default:
      if (isReset({ code, details } as ServiceError)) {
        return new EspalierError('server-unavailable', `the connection to ${where} broke: ${details}`, {
          remedy: 'try again',
        });
      }
      // Said by grpc-js on this side, before anything is sent.
      if (details.startsWith(UNSENDABLE)) {
        return new EspalierError('usage', `the request cannot be sent: ${details.slice(UNSENDABLE.length)}`, {
          remedy: 'check the arguments of the call',
        });
      }
      return new EspalierError('internal', `${where} answered with ${Code[code] ?? code}: ${details}`, {
        remedy: 'look at the log of that orchestrator, and at what lies between it and this client',
      });
  }
}

/** Without what grpc-js adds about how it looked the name up. */
function reasonOf(details: string): string {
  const [, last] = /Last error: (.*?)(?:\. Resolution note:.*)?$/s.exec(details) ?? [];
  return (
    (last ?? details)
      .replace(/ \(\d{4}-\d\d-\d\dT[^)]*\)/, '')
      .replace(/^Error: /, '')
      // OpenSSL's own, as in "80CC6E:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../record.c:350:".
      .replace(/[0-9A-F]+:error:[0-9A-F]+:([^:]*):[^:]*:([^:]+):\S*/g, '$1: $2')
      .trim()
  );
}

function remedyFor(reason: string): string {
  if (/ECONNREFUSED/.test(reason)) {
    return 'is an orchestrator running there, and does it listen on that address (--listen)?';
  }
  if (/ENOTFOUND|EAI_AGAIN|resol/i.test(reason)) return 'check the name of the host';
  if (/certificate required|alert (bad certificate|handshake)/i.test(reason)) {
    return 'the server asks for a certificate of this client: name one that its CA signed, and its key';
  }
  if (/certificate|altname|self.signed|unable to verify|issuer/i.test(reason)) {
    return 'name the CA that signed its certificate, and the host as the certificate does';
  }
  if (
    /SSL|TLS|wrong version|packet length|ECONNRESET|socket hang up|dropped|GOAWAY|Protocol|Failed to connect/i.test(
      reason,
    )
  ) {
    return 'do both sides speak TLS, or neither, and does the server ask for a certificate of the client?';
  }
  return 'check address, network and firewall, and whether an orchestrator runs there';
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && typeof (thrown as ServiceError).code === 'number' && 'details' in thrown;
}
