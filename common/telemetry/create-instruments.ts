import type { Attributes, Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';
import type { AttributeKey, InstrumentSpec } from './instruments.js';

/** Exactly the attributes that the metric may have. */
export type AttributesOf<S extends InstrumentSpec> = Readonly<
  Partial<Record<S['attributes'][number] & AttributeKey, string>>
>;

type Named<S extends InstrumentSpec, K extends InstrumentSpec['kind']> = S & { readonly kind: K };

export function createCounter<S extends InstrumentSpec>(meter: Meter, spec: Named<S, 'counter'>) {
  return meter.createCounter(spec.name, optionsOf(spec)) as Counter<Attributes & AttributesOf<S>>;
}

export function createHistogram<S extends InstrumentSpec>(meter: Meter, spec: Named<S, 'histogram'>) {
  const advice = { explicitBucketBoundaries: [...(spec.boundaries ?? [])] };
  return meter.createHistogram(spec.name, { ...optionsOf(spec), advice }) as Histogram<Attributes & AttributesOf<S>>;
}

export function createGauge<S extends InstrumentSpec>(meter: Meter, spec: Named<S, 'gauge'>) {
  return meter.createObservableGauge(spec.name, optionsOf(spec)) as ObservableGauge<Attributes & AttributesOf<S>>;
}

function optionsOf({ unit, description }: InstrumentSpec) {
  return { unit, description };
}
