import { Metadata } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rebuildError } from '../../client/rebuild-error.js';
import { parseServerAddress } from '../../client/server-address.js';
import { ERROR_CODES, type ErrorCode, EspalierError } from '../../common/index.js';
import { toServiceError, type WireError } from './service-error.js';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const TOLD = CODES.filter((code) => code !== 'internal');
const server = parseServerAddress('127.0.0.1:7420');

function metadataOf({ detailsBin }: WireError): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(detailsBin));
  return metadata;
}

/** As a client has it, which gets the message escaped. */
function received(sent: WireError) {
  const message = decodeURI(encodeURI(sent.message));
  const thrown = Object.assign(new Error(message), {
    code: sent.code,
    details: message,
    metadata: metadataOf(sent),
  });
  return rebuildError(thrown, server);
}

/** Bytes of the trailers, as HTTP/2 counts them. */
function trailerBytes(sent: WireError): number {
  const headers = { 'grpc-message': encodeURI(sent.message), ...metadataOf(sent).toHttp2Headers() };
  return Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 32, 0);
}

describe('an error over gRPC', () => {
  test.each(TOLD)('%s: is for the client what it was for the server', (code) => {
    const error = new EspalierError(code, 'block 7f3a… “is” 100 % open', { remedy: 'wait\tfor it', subject: 'job' });
    const { error: rebuilt, isPassing, retryAfterMs } = received(toServiceError(error, { retryAfterMs: 1_250.2 }));
    expect(rebuilt.toSerialized()).toEqual(error.toSerialized());
    expect(toServiceError(error).code).toBe(ERROR_CODES[code].grpcStatus);
    expect(isPassing).toBe(error.retryable);
    expect(retryAfterMs).toBeCloseTo(1_250.2);
  });

  test('without remedy, subject or pause has none', () => {
    const { error, retryAfterMs } = received(toServiceError(new EspalierError('block-unknown', 'no block')));
    expect(error.toSerialized()).toEqual({ code: 'block-unknown', message: 'no block' });
    expect(retryAfterMs).toBe(0);
  });

  test('of the server itself says nothing but by what the log has it, and never a cause', () => {
    const cause = new Error('redis://user:hunter2@host');
    const inner = new EspalierError('internal', 'hunter2', { remedy: 'hunter2', subject: 'hunter2', cause });
    const outer = new EspalierError('store-unavailable', 'the store does not answer', { cause });
    for (const sent of [toServiceError(inner, { reference: '4f1c' }), toServiceError(outer)]) {
      expect(`${sent.message}${Buffer.from(sent.detailsBin).toString('latin1')}`).not.toContain('hunter2');
    }
    expect(toServiceError(inner, { reference: '4f1c' }).message).toContain('4f1c');
  });

  test('keeps the beginning of what is too long, and says so', () => {
    const error = new EspalierError('block-invalid', `tx 3 ${'a'.repeat(1_000_000)}`, { remedy: 'b'.repeat(5_000) });
    const { error: rebuilt } = received(toServiceError(error));
    expect(rebuilt.message).toMatch(/^tx 3 a{1000,}… \(1000005 characters\)$/);
    expect(rebuilt.remedy).toMatch(/^b{500,}… \(5000 characters\)$/);
  });

  test('fits in 8 KiB of trailers and can be escaped, whatever is in its texts', () => {
    const unit = fc.oneof(
      fc.constantFrom('a', ' ', '%', '…', '\u{1f333}', '\n', '\0', '\ud83d', '\udf33'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const text = fc
      .tuple(fc.array(unit, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 2_000 }))
      .map(([units, times]) => units.join('').repeat(times));
    fc.assert(
      fc.property(fc.constantFrom(...CODES), text, text, text, (code, message, remedy, subject) => {
        const sent = toServiceError(new EspalierError(code, message, { remedy, subject }), {
          reference: '4f1c',
          retryAfterMs: 1_000,
        });
        expect(trailerBytes(sent)).toBeLessThan(8_192 - 512);
        expect(received(sent).error.code).toBe(code);
      }),
      { numRuns: 60 },
    );
  });
});
