import type { Metadata } from '@grpc/grpc-js';
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type EspalierError, parseTraceparent, remoteContext, traceparentOf } from '../../../common/index.js';

/** A call, as a trace has it. */
export interface CallSpan {
  /** The `traceparent` of what follows from the call; undefined where nothing is known of any trace. */
  readonly trace: string | undefined;
  /** The call has ended, with this error. */
  end(error?: EspalierError): void;
}

const NONE: CallSpan = { trace: undefined, end: () => {} };

/**
 * Begins the span of a call whose caller is in a trace, or that begins one itself (`isOrigin`): the many others of every
 * client that watches would be traces of one span each. Where this process traces nothing, what the caller sent goes on.
 */
export function beginCallSpan(path: string, metadata: Metadata, isOrigin: boolean): CallSpan {
  const [header] = metadata.get('traceparent');
  const caller = parseTraceparent(header?.toString());
  if (caller === undefined && !isOrigin) return NONE;
  const span = trace
    .getTracer('espalier')
    .startSpan(
      path.slice(1),
      { kind: SpanKind.SERVER, attributes: { 'rpc.system.name': 'grpc', 'rpc.method': path.slice(1) } },
      caller === undefined ? ROOT_CONTEXT : remoteContext(caller),
    );
  return { trace: traceparentOf(span.spanContext()), end: (error) => endSpan(span, error) };
}

function endSpan(span: Span, error: EspalierError | undefined): void {
  if (error !== undefined) {
    span.setAttribute('error.type', error.code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  }
  span.end();
}
