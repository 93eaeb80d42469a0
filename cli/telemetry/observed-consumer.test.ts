import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeEach, expect, test } from 'vitest';
import { SPANS } from '../../common/index.js';
import { CIRCUIT_NAMES, type JobLease, type QueuedJob } from '../../proto/index.js';
import { type JobConsumer, MemoryJobQueue } from '../../queue/index.js';
import { queuedJob, summaryOf, takeOne } from '../../tests/conformance/job-queue-tools.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { contextOf } from './contexts.js';
import { ObservedConsumer } from './observed-consumer.js';

const TRACE = { parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', queuedAtMs: 10_000 };

let nowMs: number;
let queue: MemoryJobQueue;
let worker: JobConsumer;
let exported: InMemorySpanExporter;
let collect: () => Promise<Record<string, unknown[]>>;
beforeEach(() => {
  nowMs = 12_000;
  queue = new MemoryJobQueue();
  exported = new InMemorySpanExporter();
  const tracer = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: exported })] }).getTracer(
    'test',
  );
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 1_000_000 });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('test');
  const spans = {
    start: (
      ...[name, options, parent]: Parameters<
        NonNullable<ConstructorParameters<typeof ObservedConsumer>[1]['spans']>['start']
      >
    ) => tracer.startSpan(name, options, contextOf(parent)),
  };
  worker = new ObservedConsumer(queue.consumer('w1'), { meter, spans }, { nowMs: () => nowMs });
  collect = async () => {
    await reader.forceFlush();
    const [last] = metrics.getMetrics().slice(-1);
    const all = last?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    return Object.fromEntries(
      all.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ value, attributes }) => [typeof value === 'number' ? value : value.sum, attributes]),
      ]),
    );
  };
});

async function take(more: Partial<QueuedJob> = { trace: TRACE }): Promise<JobLease> {
  await queue.producer.add([{ ...queuedJob('a'), ...more }]);
  return takeOne(worker, ['rollup']);
}

/** Names of the spans, with their times, and what became of the attempt. */
function told() {
  const spans = exported.getFinishedSpans();
  const at = ([s, ns]: [number, number]) => s * 1_000 + ns / 1e6;
  const attempt = spans.find(({ name }) => name === SPANS.attempt.name);
  return {
    parts: spans
      .filter(({ parentSpanContext }) => parentSpanContext?.spanId === attempt?.spanContext().spanId)
      .map(({ name, startTime, endTime }) => [name, at(startTime), at(endTime)]),
    attempt: attempt && [at(attempt.startTime), at(attempt.endTime), attempt.attributes['espalier.outcome']],
    parent: attempt?.parentSpanContext?.spanId,
  };
}

test('a proof is told with the times of all its parts', async () => {
  const lease = await take();
  const timings = { storeMs: 10, witnessMs: 20, queuedMs: 30, proveMs: 400, verifyMs: 5 };
  nowMs = 12_500;
  await worker.complete(lease, { ...summaryOf(lease), startedAtMs: 12_001, timings, workerId: 'w1' });
  expect(told()).toEqual({
    parent: 'b7ad6b7169203331',
    attempt: [10_000, 12_500, 'proven'],
    parts: [
      ['queue wait', 10_000, 12_000],
      ['read inputs', 12_001, 12_011],
      ['witness', 12_011, 12_031],
      ['slot wait', 12_031, 12_061],
      ['prove', 12_061, 12_461],
      ['verify', 12_461, 12_466],
      ['store', 12_466, 12_500],
    ],
  });
  const circuit = { 'espalier.circuit': 'merge-rollup' };
  expect(await collect()).toMatchObject({
    'espalier.attempt.duration': [[0.5, { ...circuit, 'espalier.outcome': 'proven' }]],
    'espalier.queue.wait': [[2, { 'espalier.class': 'rollup' }]],
    'espalier.proving.time': expect.arrayContaining([[0.4, circuit]]),
    'espalier.worker.jobs': [[0, {}]],
  });
});

test('a proof that was found in the store has no times of its own', async () => {
  const lease = await take();
  await worker.complete(lease, { ...summaryOf(lease), startedAtMs: 3_000 });
  expect(told()).toMatchObject({ attempt: [10_000, 12_000, 'proven'], parts: [['queue wait', 10_000, 12_000]] });
  // Each circuit is there from the start.
  const none = CIRCUIT_NAMES.map((circuit) => [0, { 'espalier.circuit': circuit }]);
  expect(await collect()).toMatchObject({ 'espalier.proving.time': none });
});

test('a failure is told as far as it got, with its error', async () => {
  const lease = await take();
  nowMs = 12_100;
  await worker.started(lease);
  nowMs = 12_700;
  await worker.fail(lease, { code: 'prover-crashed', message: 'gone' });
  expect(told()).toMatchObject({
    attempt: [10_000, 12_700, 'failed'],
    parts: [
      ['queue wait', 10_000, 12_000],
      ['prove', 12_100, 12_700],
    ],
  });
  const failed = { 'espalier.circuit': 'merge-rollup', 'espalier.outcome': 'failed', 'error.type': 'prover-crashed' };
  expect(await collect()).toMatchObject({ 'espalier.attempt.duration': [[0.7, failed]] });
});

test('so is a job that is given back, one that is cancelled, and one whose lease was lost', async () => {
  await worker.release(await take());
  expect(told().attempt).toEqual([10_000, 12_000, 'given-back']);
  exported.reset();
  const again = await takeOne(worker, ['rollup']);
  await queue.producer.remove(['a']);
  expect(told().attempt).toEqual([10_000, 12_000, 'cancelled']);
  await expectCode(worker.complete(again, summaryOf(again)), 'lease-lost', /a/);
  expect(exported.getFinishedSpans()).toHaveLength(2);
  exported.reset();
  const detached = await take();
  await queue.producer.detach(['a']);
  await expectCode(worker.fail(detached, { code: 'prover-crashed', message: 'gone' }), 'lease-lost', /a/);
  expect(told().attempt).toEqual([10_000, 12_000, 'cancelled']);
  expect(await collect()).toMatchObject({ 'espalier.worker.jobs': [[0, {}]] });
});

test('without a trace there are no spans, and a clock that is behind makes no wait of less than nothing', async () => {
  await worker.release(await take({}));
  expect(exported.getFinishedSpans()).toEqual([]);
  await queue.producer.remove(['a']);
  await worker.release(await take({ trace: { ...TRACE, queuedAtMs: 99_000 } }));
  expect(told()).toMatchObject({ attempt: [12_000, 12_000, 'given-back'], parts: [['queue wait', 12_000, 12_000]] });
});
