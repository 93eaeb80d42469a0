import { expect, test } from 'vitest';
import { blockContext, formatTraceparent, parseTraceparent } from './trace-context.js';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('reads and writes a traceparent', () => {
  const context = parseTraceparent(TRACE);
  expect(context).toEqual({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    sampled: true,
  });
  expect(context && formatTraceparent(context)).toBe(TRACE);
  expect(parseTraceparent(TRACE.replace(/01$/, '00'))?.sampled).toBe(false);
});

test.each([
  undefined,
  '',
  TRACE.toUpperCase(),
  `${TRACE}-more`,
  TRACE.replace(/^00/, '01'),
  TRACE.replace(/[0-9a-f]{32}/, '0'.repeat(32)),
  TRACE.replace('b7ad6b7169203331', '0'.repeat(16)),
])('takes %j for none', (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

test("a block's span is the same wherever it is asked for, below what submitted it, and another for each submission", () => {
  const submitted = { blockId: 'ab', submittedAtMs: 5 };
  const { parent, own } = blockContext({ ...submitted, trace: TRACE });
  expect(parent).toEqual(parseTraceparent(TRACE));
  expect(own).toMatchObject({ traceId: parent?.traceId, sampled: true });
  expect(own.spanId).not.toBe(parent?.spanId);
  expect(blockContext({ ...submitted, trace: TRACE }).own).toEqual(own);
  const alone = blockContext(submitted);
  expect(alone.parent).toBeUndefined();
  expect(parseTraceparent(formatTraceparent(alone.own))).toEqual(alone.own);
  expect(blockContext({ ...submitted, submittedAtMs: 6 }).own).not.toEqual(alone.own);
});
