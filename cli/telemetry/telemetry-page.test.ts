import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  ATTRIBUTES,
  INSTRUMENTS,
  type InstrumentSpec,
  packageRoot,
  prometheusName,
  SPAN_ATTRIBUTES,
  SPANS,
} from '../../common/index.js';

const read = (name: string) => readFileSync(join(packageRoot(import.meta.url), name), 'utf8');
const page = read('docs/telemetry.md');
const rowsBelow = (heading: string) => {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [own = ''] = section.split('\n## ');
  return own.split('\n').filter((line) => line.startsWith('| `'));
};
const code = (text: string) => `\`${text}\``;

test('docs/telemetry.md lists every metric as it is, and no other', () => {
  const rows = Object.values<InstrumentSpec>(INSTRUMENTS).map((spec) => {
    const attributes = spec.attributes.map((key) => code(key.replaceAll('.', '_'))).join(', ');
    return `| ${code(prometheusName(spec))} | ${spec.kind}, ${code(spec.unit)} | ${spec.of.join(', ')} | ${attributes} | ${spec.description} |`;
  });
  expect(rowsBelow('Metrics')).toEqual(rows);
});

test('… every span, and every attribute', () => {
  expect(rowsBelow('Traces')).toEqual(
    Object.values(SPANS).map(({ name, description }) => `| ${code(name)} | ${description} |`),
  );
  expect(rowsBelow('Attributes')).toEqual(
    Object.entries({ ...ATTRIBUTES, ...SPAN_ATTRIBUTES }).map(([key, meaning]) => `| ${code(key)} | ${meaning} |`),
  );
});

test('metrics have no attribute that tells one block, job or worker from another, and proofs a bucket that ends at 30 s', () => {
  for (const { name, attributes, kind, boundaries = [] } of Object.values<InstrumentSpec>(INSTRUMENTS)) {
    expect([name, attributes.filter((key) => !(key in ATTRIBUTES) || key in SPAN_ATTRIBUTES)]).toEqual([name, []]);
    if (kind === 'histogram') expect([name, boundaries.toSorted((a, b) => a - b)]).toEqual([name, boundaries]);
  }
  for (const spec of [INSTRUMENTS.attemptDuration, INSTRUMENTS.attemptPhaseDuration])
    expect(spec.boundaries).toContain(30);
});
