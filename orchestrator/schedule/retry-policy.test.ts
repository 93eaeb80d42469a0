import { expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../common/index.js';
import { backoffMs, retryPolicy } from './retry-policy.js';

it('gives a budget to exactly the codes that are retryable, and to what another machine may have', () => {
  const onAnotherMachine = [
    'srs-missing',
    'srs-invalid',
    'srs-unsupported',
    'prover-unavailable',
    'circuits-missing',
    'disk-full',
    'internal',
  ];
  // No job fails with what only those hear who speak to the API.
  const ofTheApi = ['server-unavailable', 'server-busy', 'rate-limited', 'call-timeout'];
  for (const [code, { retryable }] of Object.entries(ERROR_CODES)) {
    expect(retryPolicy(code as ErrorCode).retries > 0, code).toBe(
      (retryable && !ofTheApi.includes(code)) || onAnotherMachine.includes(code),
    );
  }
});

it('doubles the wait up to its bound, however often it fails', () => {
  const policy = { retries: 3, delayMs: 500, delayMaxMs: 3_000 };
  expect([1, 2, 3, 4, 5_000].map((failures) => backoffMs(policy, failures))).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
});
