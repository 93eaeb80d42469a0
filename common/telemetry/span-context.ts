import { type Context, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { formatTraceparent, type TraceContext } from './trace-context.js';

/** The `traceparent` of a span of this process; undefined where there is none, or where nothing is traced. */
export function traceparentOf(span: SpanContext | undefined): string | undefined {
  if (span === undefined || !trace.isSpanContextValid(span)) return undefined;
  const { traceId, spanId, traceFlags } = span;
  return formatTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 });
}

/** The context below which a span is begun whose parent is somewhere else. */
export function remoteContext({ traceId, spanId, sampled }: TraceContext): Context {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
