import { createHash } from 'node:crypto';

/** A place in a trace, as W3C Trace Context has it. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Version 00: 55 characters. */
export const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** undefined for what is no `traceparent` of the version that is known. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/**
 * The span of a submitted block, and its parent: what submitted it, where that is known. It follows from the submission
 * alone, so that every orchestrator that comes to have the block, one after another, names the same span, and jobs that
 * were queued by one that died belong to the span that its successor ends.
 */
export function blockContext({
  trace,
  blockId,
  submittedAtMs,
}: {
  readonly trace?: string | undefined;
  readonly blockId: string;
  readonly submittedAtMs: number;
}): { readonly parent: TraceContext | undefined; readonly own: TraceContext } {
  const parent = parseTraceparent(trace);
  const digest = createHash('sha256')
    .update(`${trace ?? ''} ${blockId} ${submittedAtMs}`)
    .digest('hex');
  const own = { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48), sampled: true };
  return { parent, own: parent === undefined ? own : { ...parent, spanId: own.spanId } };
}
