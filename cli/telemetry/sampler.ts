import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { EspalierError } from '../../common/index.js';

const SAMPLERS: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
};
const SAMPLER_DEFAULT = 'parentbased_always_on';

/** The sampler that `OTEL_TRACES_SAMPLER` and its argument name. Throws `usage` for one that is not known. */
export function samplerOf(env: Readonly<Record<string, string | undefined>>): Sampler {
  const name = env['OTEL_TRACES_SAMPLER'] || SAMPLER_DEFAULT;
  const argument = env['OTEL_TRACES_SAMPLER_ARG'] || '1';
  const ratio = Number(argument);
  const make = SAMPLERS[name];
  if (make === undefined) throw unusable('OTEL_TRACES_SAMPLER', Object.keys(SAMPLERS).join(', '), name);
  if (!(ratio >= 0 && ratio <= 1)) throw unusable('OTEL_TRACES_SAMPLER_ARG', 'a number from 0 to 1', argument);
  return make(ratio);
}

function unusable(variable: string, allowed: string, given: string): EspalierError {
  return new EspalierError('usage', `${variable} must be ${allowed}, got "${given}"`, {
    remedy: `correct it, or leave it out for ${SAMPLER_DEFAULT}`,
  });
}
