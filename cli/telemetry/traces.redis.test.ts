import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { StackContextManager } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../client/index.js';
import { INSTRUMENTS, SPANS } from '../../common/index.js';
import { planExecution } from '../../orchestrator/index.js';
import { type Block, sourceOf } from '../../proto/index.js';
import { firstToPrint, type Program } from '../../tests/faults/support/program.js';
import type { TestCluster } from '../../tests/faults/support/test-cluster.js';
import { withCluster } from '../../tests/faults/support/with-cluster.js';
import { askScaler } from '../../tests/support/ask-scaler.js';
import { OtlpReceiver, type SentSpan } from '../../tests/support/otlp-receiver.js';

/** The caller's place in a trace, whose spans go elsewhere. */
const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const PHASES = ['queueWait', 'read', 'witness', 'slotWait', 'prove', 'verify', 'store'] as const;
/** Times are measured by clocks of more than one kind, and some are whole milliseconds. */
const ROUNDING_MS = 20;

let receiver: OtlpReceiver;
let env: Record<string, string>;
beforeEach(async () => {
  receiver = await OtlpReceiver.start();
  onTestFinished(() => receiver.stop());
  env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRIC_EXPORT_INTERVAL: '500' };
});
afterEach(() => context.disable());

/** Submits a block over the API, as a program does that is traced itself. */
async function submitTraced(orchestrator: Program, block: Block): Promise<void> {
  const { address } = await orchestrator.until(({ kind }) => kind === 'api');
  context.setGlobalContextManager(new StackContextManager().enable());
  const client = createClient({ server: String(address) });
  const caller = trace.setSpanContext(ROOT_CONTEXT, { ...CALLER, traceFlags: TraceFlags.SAMPLED });
  await context.with(caller, () => client.submit(block));
  client.close();
}

/** The spans of the one trace, when that of the block has come, and all that was to be told before its process ended. */
async function wholeTrace(programs: readonly Program[]): Promise<readonly SentSpan[]> {
  for (const program of programs) program.kill('SIGTERM');
  await Promise.all(programs.map(({ exited }) => exited));
  await expect.poll(() => named('block').length, { timeout: 10_000 }).toBeGreaterThan(0);
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([CALLER.traceId]));
  return receiver.spans;
}

const named = (key: keyof typeof SPANS) => receiver.spans.filter(({ name }) => name === SPANS[key].name);

function expectNoOrphan(spans: readonly SentSpan[]): void {
  const ids = new Set([CALLER.spanId, ...spans.map(({ spanId }) => spanId)]);
  expect(ids.size).toBe(spans.length + 1);
  expect(spans.filter(({ parentId }) => !ids.has(parentId))).toEqual([]);
}

/**
 * Every job of the block has an attempt that proved it, below the block, with all its parts inside: one, unless a proof was
 * made while nobody heard of it, its orchestrator being dead and the next having looked for proofs already.
 */
async function expectAllJobs(
  spans: readonly SentSpan[],
  { engine }: TestCluster,
  content: Block,
  { wasTakenOver = false } = {},
): Promise<void> {
  const { id: blockId, tree } = await planExecution(sourceOf(content), engine, {});
  const [block] = named('block');
  const proven = named('attempt').filter(({ attributes }) => attributes['espalier.outcome'] === 'proven');
  const jobs = proven.map(({ attributes }) => attributes['espalier.job.id']);
  expect((wasTakenOver ? [...new Set(jobs)] : jobs).toSorted()).toEqual(
    Array.from({ length: tree.size }, (_, job) => tree.jobId(job)).toSorted(),
  );
  for (const attempt of proven) {
    expect(attempt).toMatchObject({ parentId: block?.spanId, service: 'espalier-worker', isError: false });
    expect(attempt.attributes).toMatchObject({ 'espalier.block.id': blockId, 'espalier.worker.id': attempt.instance });
    const parts = spans.filter(({ parentId }) => parentId === attempt.spanId);
    expect(parts.map(({ name }) => name).toSorted()).toEqual(PHASES.map((key) => SPANS[key].name).toSorted());
    for (const part of parts) {
      expect(part.endMs).toBeGreaterThanOrEqual(part.startMs);
      expect(part.startMs).toBeGreaterThanOrEqual(attempt.startMs - ROUNDING_MS);
      expect(part.endMs).toBeLessThanOrEqual(attempt.endMs + ROUNDING_MS);
    }
    const made = parts.find(({ name }) => name === SPANS.prove.name);
    expect((made?.endMs ?? 0) - (made?.startMs ?? 0)).toBeGreaterThan(100);
  }
}

test('a block that is proven by several processes, one of which dies, is one trace from its submitter to its last job', () =>
  withCluster({ simulateMs: 500 }, async (cluster) => {
    const orchestrator = await cluster.orchestrator('o1', { env, args: ['--scaler-listen', '127.0.0.1:0'] });
    await askScaler(String((await orchestrator.until(({ kind }) => kind === 'scaler'))['address']));
    const workers = [await cluster.worker('a', { env }), await cluster.worker('b', { env })];
    const block = await cluster.block([2, 1, 0]);
    await submitTraced(orchestrator, block);
    const { program: doomed, event: killed } = await firstToPrint(workers, 'proof-started');
    await doomed.end();
    await cluster.expectProven(block);
    const left = [orchestrator, ...workers.filter((program) => program !== doomed)];
    const logged = cluster.events.filter(({ kind }) => ['proof-made', 'block-proven'].includes(kind));
    expect(new Set(logged.map((event) => event['traceId']))).toEqual(new Set([CALLER.traceId]));
    const spans = await wholeTrace(left);
    expectNoOrphan(spans);
    await expectAllJobs(spans, cluster, block);

    const call = spans.find(({ name }) => name === 'espalier.v1.BlockService/SubmitBlock');
    expect(call?.parentId).toBe(CALLER.spanId);
    expect(named('block')).toMatchObject([{ parentId: call?.spanId, attributes: { 'espalier.outcome': 'proven' } }]);
    expect(named('tenure')).toMatchObject([{ parentId: named('block')[0]?.spanId, service: 'espalier-orchestrator' }]);
    expect(named('tenure')[0]?.events).toContain('retry');
    expect(named('prepare')).toHaveLength(1);
    const ofKilled = { 'espalier.job.id': String(killed['jobId']) };
    expect(named('lost').map(({ attributes }) => attributes)).toContainEqual(
      expect.objectContaining({ ...ofKilled, 'espalier.job.attempt': 1, 'error.type': 'lease-lost' }),
    );
    expect(named('attempt').map(({ attributes }) => attributes)).toContainEqual(
      expect.objectContaining({ ...ofKilled, 'espalier.job.attempt': 2, 'espalier.outcome': 'proven' }),
    );
    const names = Object.values(INSTRUMENTS).map(({ name }) => name);
    // Each sent metrics more than once, and at its end.
    expect(names.filter((name) => !receiver.metrics.has(name))).toEqual([]);
  }));

test('a block whose orchestrator dies is one span all the same, which its successor ends', () =>
  withCluster({ simulateMs: 700 }, async (cluster) => {
    const first = await cluster.orchestrator('o1', { env });
    const worker = await cluster.worker('a', { env });
    // Of so many jobs that it is not over when what was told at its beginning has been sent.
    const block = await cluster.block([3, 3, 3]);
    await submitTraced(first, block);
    await worker.until(({ kind }) => kind === 'proof-made');
    // What it was told of the submission it has sent by now.
    await expect.poll(() => receiver.spans.map(({ name }) => name), { timeout: 10_000 }).toContain('prove job');
    await expect.poll(() => receiver.spans.map(({ name }) => name)).toContain('espalier.v1.BlockService/SubmitBlock');
    const second = await cluster.orchestrator('o2', { env });
    await first.end();
    expect(cluster.events.filter(({ kind }) => kind === 'block-proven')).toEqual([]);
    await cluster.expectProven(block);
    const spans = await wholeTrace([second, worker]);
    expectNoOrphan(spans);
    await expectAllJobs(spans, cluster, block, { wasTakenOver: true });
    expect(named('block')).toHaveLength(1);
    expect(
      named('tenure').map(({ attributes }) => String(attributes['espalier.orchestrator.id']).split('.')[0]),
    ).toEqual(['o2']);
  }));

test('a backend that is away, or takes all and answers nothing, costs no proof, and ends are not held up', () =>
  withCluster({ simulateMs: 100 }, async (cluster) => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const away = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
    const mute = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
    const programs = [await cluster.orchestrator('o1', { env: away }), await cluster.worker('a', { env: mute })];
    const block = await cluster.block([2, 1]);
    await submitTraced(programs[0] as Program, block);
    await cluster.expectProven(block);
    const startedMs = performance.now();
    for (const program of programs) program.kill('SIGTERM');
    for (const { exited } of programs) expect(await exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(cluster.events.filter(({ kind }) => kind === 'proof-failed')).toEqual([]);
  }));
