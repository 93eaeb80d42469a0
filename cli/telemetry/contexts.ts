import { type Context, ROOT_CONTEXT, type Span, TraceFlags, trace } from '@opentelemetry/api';
import type { TraceContext } from '../../common/index.js';

/** The context below which a span is begun: of a span here, or of one somewhere else. */
export function contextOf(parent: TraceContext | Span | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  if ('spanContext' in parent) return trace.setSpan(ROOT_CONTEXT, parent);
  const { traceId, spanId, sampled } = parent;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
