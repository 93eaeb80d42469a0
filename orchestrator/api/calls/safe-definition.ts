import type { MethodDefinition, Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { EspalierError } from '../../../common/index.js';
import type { ApiLimits } from '../limits/index.js';
import { countValues, UPLOAD_SHAPES } from './wire-values.js';

/** A request that is none, or is beyond a limit: it takes the place of the request until `GuardedCall` refuses it. */
export class UnfitRequest {
  readonly error: EspalierError;

  constructor(error: EspalierError) {
    this.error = error;
  }
}

/** Of the decoder's message. */
const REASON_CHARS_MAX = 200;

type RequestLimits = Pick<ApiLimits, 'requestBytesMax' | 'messageValuesMax'>;
// biome-ignore lint/suspicious/noExplicitAny: whatever the method takes and gives.
type AnyMethod = MethodDefinition<any, any>;

/** A server to which services are added by their safe definitions. */
export function safeServer(server: Pick<Server, 'addService'>, limits: RequestLimits): Pick<Server, 'addService'> {
  return {
    addService: (service: ServiceDefinition, implementation: UntypedServiceImplementation) => {
      const safe = Object.entries(service).map(([name, method]) => [name, safeDefinition(method, limits)]);
      server.addService(Object.fromEntries(safe), implementation);
    },
  };
}

/**
 * A method as the server runs it: a request that is malformed, or has more in it than fits, becomes an `UnfitRequest`,
 * where grpc-js would answer INTERNAL; and a response may be bytes that are encoded already.
 */
function safeDefinition(method: AnyMethod, { requestBytesMax, messageValuesMax }: RequestLimits): AnyMethod {
  const shape = UPLOAD_SHAPES.get(method.path);
  const isFit = (bytes: Buffer) =>
    shape === undefined
      ? bytes.length <= requestBytesMax
      : countValues(bytes, shape, messageValuesMax) <= messageValuesMax;
  return {
    ...method,
    requestDeserialize: (bytes: Buffer) => {
      try {
        if (isFit(bytes)) return sized(method.requestDeserialize(bytes), bytes.length);
        if (shape === undefined) return new UnfitRequest(tooLong(bytes.length, requestBytesMax));
        return new UnfitRequest(tooMany(messageValuesMax));
      } catch (thrown) {
        return new UnfitRequest(malformed(thrown));
      }
    },
    responseSerialize: (response: unknown) =>
      response instanceof Uint8Array
        ? Buffer.from(response.buffer, response.byteOffset, response.byteLength)
        : method.responseSerialize(response),
  };
}

const sizes = new WeakMap<object, number>();

/** Bytes of a request as it came. */
export function bytesOfRequest(request: object): number {
  return sizes.get(request) ?? 0;
}

function sized<T>(request: T, bytes: number): T {
  if (typeof request === 'object' && request !== null) sizes.set(request, bytes);
  return request;
}

function tooLong(bytes: number, max: number): EspalierError {
  return new EspalierError('limit-exceeded', `the request has ${bytes} bytes, and may have ${max} (requestBytesMax)`, {
    remedy: 'make it from the definitions in proto/espalier/v1',
  });
}

function tooMany(max: number): EspalierError {
  return new EspalierError('limit-exceeded', `a message has more than ${max} values (messageValuesMax)`, {
    remedy: 'send the block in more and smaller parts',
  });
}

function malformed(thrown: unknown): EspalierError {
  const reason = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, REASON_CHARS_MAX);
  return new EspalierError('request-malformed', `the request is no message of this method: ${reason}`, {
    remedy: 'make it from the definitions in proto/espalier/v1',
  });
}
