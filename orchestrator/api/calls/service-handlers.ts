import type { MethodDefinition } from '@grpc/grpc-js';

/** Who calls. */
export interface Principal {
  /** For logs and limits: as the access file names it. */
  readonly name: string;
}

/** What a handler knows of its call besides the request. */
export interface CallContext {
  readonly principal: Principal;
  /** Aborted when nobody waits for the answer any more, and when the server stops. */
  readonly signal: AbortSignal;
  /** `traceparent` of what the call brings about; undefined where it is in no trace. */
  readonly trace?: string | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: of whichever messages; a method is in two variances of each.
type AnyMethod = MethodDefinition<any, any>;
export type ServiceShape = Readonly<Record<string, AnyMethod>>;

type RequestOf<M> = M extends { readonly requestDeserialize: (bytes: Buffer) => infer R } ? R : never;
type ResponseOf<M> = M extends { readonly responseDeserialize: (bytes: Buffer) => infer R } ? R : never;

/**
 * What answers a method: a request, or those that stream in, to an answer, or those that stream out. Of a stream out, a
 * message is pulled when the one before was taken; bytes are a message that is encoded already.
 */
export type Handler<M extends AnyMethod> = M['requestStream'] extends true
  ? (requests: AsyncIterable<RequestOf<M>>, context: CallContext) => Promise<ResponseOf<M>>
  : M['responseStream'] extends true
    ? (request: RequestOf<M>, context: CallContext) => AsyncIterable<ResponseOf<M> | Uint8Array>
    : (request: RequestOf<M>, context: CallContext) => Promise<ResponseOf<M>>;

/** One handler for each method of a generated service. */
export type ServiceHandlers<S extends ServiceShape> = { readonly [Name in keyof S]: Handler<S[Name]> };
