import type { MethodDefinition } from '@grpc/grpc-js';
import { EspalierError } from '../../common/index.js';

/** A request that could not be read. */
class Malformed {
  readonly reason: string;

  constructor(thrown: unknown) {
    this.reason = thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Which bytes of a message are told, at most. */
const REASON_CHARS_MAX = 200;

// biome-ignore lint/suspicious/noExplicitAny: whatever the method takes and gives.
type AnyMethod = MethodDefinition<any, any>;

/**
 * A method as the server runs it: a request that is malformed reaches the handler, which answers as it should
 * (`unwrapRequest`), where grpc-js would answer INTERNAL; and a response may be bytes that are encoded already.
 */
export function safeDefinition(method: AnyMethod): AnyMethod {
  return {
    ...method,
    requestDeserialize: (bytes: Buffer) => {
      try {
        return method.requestDeserialize(bytes);
      } catch (thrown) {
        return new Malformed(thrown);
      }
    },
    responseSerialize: (response: unknown) =>
      response instanceof Uint8Array
        ? Buffer.from(response.buffer, response.byteOffset, response.byteLength)
        : method.responseSerialize(response),
  };
}

/** Throws `request-malformed`. */
export function unwrapRequest<T>(request: T | Malformed): T {
  if (!(request instanceof Malformed)) return request;
  throw new EspalierError(
    'request-malformed',
    `the request is no message of this method: ${request.reason.slice(0, REASON_CHARS_MAX)}`,
    { remedy: 'make it from the definitions in proto/espalier/v1' },
  );
}
