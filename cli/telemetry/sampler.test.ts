import { expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { samplerOf } from './sampler.js';

test('is the one that is named, and keeps all where none is', () => {
  expect(String(samplerOf({}))).toMatch(/^ParentBased\{root=AlwaysOn/);
  const env = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
  expect(String(samplerOf(env))).toMatch(/^ParentBased\{root=TraceIdRatioBased\{0.25\}/);
  expect(String(samplerOf({ OTEL_TRACES_SAMPLER: 'always_off' }))).toBe('AlwaysOffSampler');
});

test.each([
  [{ OTEL_TRACES_SAMPLER: 'sometimes' }, /OTEL_TRACES_SAMPLER must be always_on, .*, got "sometimes"/],
  [
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
    /OTEL_TRACES_SAMPLER_ARG must be .*, got "2"/,
  ],
])('refuses %j', async (env, message) => {
  await expectCode((async () => samplerOf(env))(), 'usage', message);
});
