import { credentials, status } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { wire } from '../../../proto/index.js';
import { ROLLUP_KIND, treeOfCalls, VM_KIND } from '../../../tests/support/fleet-samples.js';
import { scalingOf } from '../../../tests/support/scaling-samples.js';
import { type PoolPlan, type ScalingDecision, simulateScaling } from '../../fleet/index.js';
import type { DemandView } from '../../schedule/index.js';
import { startScaler } from './index.js';

/** Of more than a thousand pods. */
const STOPPED_BUSY_MAX = 5;
const NOTHING: DemandView = { nowMs: 0, blocks: [], pools: {} };

/** A scaler on a real listener, which sees what `world.view` is, and a client of KEDA's own service. */
async function startBench() {
  const world: { view: DemandView; fault?: Error; looks: number } = { view: NOTHING, looks: 0 };
  const clock = { nowMs: () => world.view.nowMs, monotonicMs: () => world.view.nowMs };
  const view = async () => {
    world.looks++;
    if (world.fault !== undefined) throw world.fault;
    return world.view;
  };
  const server = await startScaler({ view, clock }, { host: '127.0.0.1', port: 0 });
  const client = new wire.keda.ExternalScalerClient(server.address, credentials.createInsecure());
  onTestFinished(async () => {
    client.close();
    await server.stop();
  });
  const ref = (scalerMetadata: Record<string, string>) => ({ name: 'worker', namespace: 'espalier', scalerMetadata });
  type Answer<T> = (error: (Error & { code?: number; details?: string }) | null, answer: T) => void;
  const ask = <T>(call: (done: Answer<T>) => unknown) =>
    new Promise<T>((resolve, reject) => call((error, answer) => (error === null ? resolve(answer) : reject(error))));
  return {
    world,
    client,
    server,
    ref,
    spec: (metadata: Record<string, string>) =>
      ask<wire.keda.GetMetricSpecResponse>((done) => client.getMetricSpec(ref(metadata), done)),
    isActive: (metadata: Record<string, string>) =>
      ask<wire.keda.IsActiveResponse>((done) => client.isActive(ref(metadata), done)),
    metrics: (metadata: Record<string, string>, metricName: string) =>
      ask<wire.keda.GetMetricsResponse>((done) =>
        client.getMetrics({ scaledObjectRef: ref(metadata), metricName }, done),
      ),
  };
}

const metadataOf = ({ resourceClass, workersMax }: PoolPlan) => ({
  scalerAddress: 'espalier-scaler:7421',
  class: resourceClass,
  podStartSeconds: '60',
  slotsPerWorker: '1',
  maxWorkers: String(workersMax),
});

describe('asked as KEDA asks, while a block of 1,024 transactions is proven', () => {
  it('goes up in time, loses no proof, and ends at zero', { timeout: 120_000 }, async () => {
    const bench = await startBench();
    const decisions: ScalingDecision[] = [];
    const run = await simulateScaling({
      ...scalingOf(treeOfCalls(new Array<number>(1_024).fill(2)), 600_000),
      rule: async (pool, { view }) => {
        bench.world.view = view;
        const metadata = metadataOf(pool);
        // As `GetMetricSpecForScaling` and `GetMetricsAndActivity` do.
        const [spec] = (await bench.spec(metadata)).metricSpecs;
        const [value] = (await bench.metrics(metadata, spec?.metricName ?? '')).metricValues;
        const { result } = await bench.isActive(metadata);
        const replicas = Math.ceil((value?.metricValueFloat ?? Number.NaN) / (spec?.targetSizeFloat ?? Number.NaN));
        expect(result).toBe(replicas > 0);
        return replicas;
      },
      onDecision: (decision) => decisions.push(decision),
    });
    const [makespanMs = Number.NaN] = run.makespansMs;
    const { vm, rollup } = run.pools;
    expect([vm?.proofs, rollup?.proofs]).toEqual([0, 0]);
    // What is known of workers is seconds old: some of a thousand may be told to end with a proof that began since, and end it.
    expect(Math.max(vm?.stoppedBusy ?? 0, rollup?.stoppedBusy ?? 0)).toBeLessThanOrEqual(STOPPED_BUSY_MAX);
    for (const { replicas, busy } of decisions) expect(replicas).toBeGreaterThanOrEqual(busy - STOPPED_BUSY_MAX);
    // A pod's start and 14 proofs one after another are 480 s.
    expect(makespanMs).toBeLessThan(600_000);
    // Its workers start before there is a job for them: the first kernel waits for a pod's start and a proof.
    const early = decisions.filter(
      ({ pool, atMs, metric }) => pool.kind === ROLLUP_KIND && atMs < 60_000 && metric > 0,
    );
    expect(early.length).toBeGreaterThan(0);
    expect(Number.isFinite(run.emptyMs)).toBe(true);
    expect(run.emptyMs - makespanMs).toBeLessThan(120_000);
    // No flapping: the number wanted of VM workers goes up, and then down.
    const wanted = decisions.filter(({ pool }) => pool.kind === VM_KIND).map(({ replicas }) => replicas);
    const peak = wanted.indexOf(Math.max(...wanted));
    const ups = wanted.slice(peak).filter((replicas, i, all) => replicas > (all[i - 1] ?? replicas));
    expect(ups).toEqual([]);
  });
});

describe('the metric', () => {
  it('is of the class, and 1 of it is for one pod', async () => {
    const bench = await startBench();
    expect(await bench.spec({ class: 'vm' })).toEqual({
      metricSpecs: [{ metricName: 'espalier-workers-vm', targetSize: 1, targetSizeFloat: 1 }],
    });
    expect(await bench.metrics({ class: 'vm' }, 'espalier-workers-vm')).toEqual({
      metricValues: [{ metricName: 'espalier-workers-vm', metricValue: 0, metricValueFloat: 0 }],
    });
    expect(await bench.isActive({ class: 'vm' })).toEqual({ result: false });
  });

  it('is not given where it is not known: KEDA then leaves the pods alone', async () => {
    const bench = await startBench();
    bench.world.fault = new Error('Redis is away');
    await expect(bench.isActive({ class: 'rollup' })).rejects.toMatchObject({ code: status.INTERNAL });
    delete bench.world.fault;
    expect(await bench.isActive({ class: 'rollup' })).toEqual({ result: false });
  });

  it('takes one look at board and fleet a second, however many classes are asked about', async () => {
    const bench = await startBench();
    const ask = () => Promise.all(['vm', 'rollup', 'gpu'].map((name) => bench.isActive({ class: name })));
    await ask();
    await ask();
    expect(bench.world.looks).toBe(1);
    bench.world.view = { ...NOTHING, nowMs: 1_000 };
    await ask();
    expect(bench.world.looks).toBe(2);
  });

  it.each([
    [{}, /class is missing.*set class .* one of vm, rollup, gpu/],
    [{ class: 'vn' }, /class is "vn".*one of vm, rollup, gpu/],
    [{ class: 'vm', podStartSeconds: 'soon' }, /podStartSeconds is "soon".*from 1 to 3600/],
    [{ class: 'vm', slotsPerWorker: '1.5' }, /slotsPerWorker is "1\.5".*a whole number from 1 to 1024/],
    [{ class: 'vm', maxWorkers: '-1' }, /maxWorkers is "-1".*a whole number from 1 to 100000/],
  ])('is refused for the metadata %o, saying what is wrong and what would be right', async (metadata, message) => {
    const bench = await startBench();
    const refusal = { code: status.INVALID_ARGUMENT, details: expect.stringMatching(message) };
    await expect(bench.spec(metadata as Record<string, string>)).rejects.toMatchObject(refusal);
    await expect(bench.isActive(metadata as Record<string, string>)).rejects.toMatchObject(refusal);
  });

  it('is refused under another name', async () => {
    const bench = await startBench();
    await expect(bench.metrics({ class: 'vm' }, 'queue-length')).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/metricName is "queue-length".*espalier-workers-vm/),
    });
  });
});

it('tells a stream at once whether there is something to do, and ends it when the orchestrator stops', async () => {
  const bench = await startBench();
  const stream = bench.client.streamIsActive(bench.ref({ class: 'vm' }));
  const heard: boolean[] = [];
  const ended = new Promise<number>((resolve) => stream.once('error', ({ code }: { code: number }) => resolve(code)));
  await new Promise<void>((resolve) =>
    stream.on('data', ({ result }: wire.keda.IsActiveResponse) => {
      heard.push(result);
      const busy = { workers: 1, busy: 1, slots: { vm: 1 } };
      if (!result) bench.world.view = { nowMs: 5_000, blocks: [], pools: { vm: busy } };
      else resolve();
    }),
  );
  expect(heard).toEqual([false, true]);
  await bench.server.stop();
  expect(await ended).toBe(status.UNAVAILABLE);
});
