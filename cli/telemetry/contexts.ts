import { type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { remoteContext, type TraceContext } from '../../common/index.js';

/** The context below which a span is begun: of a span here, or of one somewhere else. */
export function contextOf(parent: TraceContext | Span | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  return 'spanContext' in parent ? trace.setSpan(ROOT_CONTEXT, parent) : remoteContext(parent);
}
