import { expect } from 'vitest';
import { type ErrorCode, EspalierError } from '../../common/index.js';

/** Expects a rejection with an `EspalierError` of this code and message, and returns it. */
export async function expectCode(promise: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<EspalierError> {
  const thrown = await promise.then(
    (value) => expect.fail(`expected ${code}, but it resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(EspalierError);
  const error = thrown as EspalierError;
  expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: `));
  expect(error.message).toMatch(message);
  expect(error.toLine()).not.toContain('\n');
  return error;
}
