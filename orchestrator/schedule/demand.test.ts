import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_PROFILES, RESOURCE_CLASSES, type ResourceClass, resourceClassOf } from '../../proto/index.js';
import { treeOfCalls } from '../../tests/support/fleet-samples.js';
import { Bitset } from '../plan/index.js';
import { blockOfWork, workOf } from './block-work.js';
import { type DemandBlock, DemandModel, type DemandView, type PoolSpec, type PoolWorkers } from './demand.js';
import { Flow, type FlowBlock, loadOf } from './flow.js';
import { outlinedBlock } from './outlined-block.js';
import { Scheduler } from './scheduler.js';

const PROOF_MS = 30_000;
const measures = {
  durationOf: () => PROOF_MS,
  classOf: (circuit: Parameters<typeof resourceClassOf>[1]) => resourceClassOf(BUILT_IN_PROFILES.production, circuit),
};

/** A block of which the first jobs that could be begun are proven, and the next run, as its owner would tell. */
function blockOf(calls: readonly number[], proven = 0, running = 0): FlowBlock {
  const { durationOf, classOf } = measures;
  const durationsMs = Object.fromEntries(
    ['public-vm', 'public-kernel-first', 'public-kernel-next', 'base-rollup-private', 'base-rollup-public'].map(
      (circuit) => [circuit, durationOf()],
    ),
  );
  const rest = { 'merge-rollup': PROOF_MS, 'root-rollup': PROOF_MS, 'root-rollup-single': PROOF_MS };
  const scheduler = new Scheduler({ resourceClassOf: classOf, durationsMs: { ...durationsMs, ...rest } as never });
  const tree = treeOfCalls(calls);
  const added = {
    kind: 'block-added',
    nowMs: 0,
    blockId: 'b',
    tree,
    finished: new Bitset(tree.size),
    ageRank: 1,
  } as const;
  const queue: string[] = [];
  const obey = (commands: ReturnType<Scheduler['handle']>) => {
    for (const command of commands)
      if (command.kind === 'enqueue') queue.push(...command.jobs.map(({ job }) => job.id));
  };
  obey(scheduler.handle(added));
  for (let i = 0; i < Math.min(proven, tree.size - 1); i++) {
    const jobId = queue.shift() ?? '';
    obey(scheduler.handle({ kind: 'job-started', nowMs: 0, jobId, attempt: 1 }));
    obey(scheduler.handle({ kind: 'job-proven', nowMs: PROOF_MS, jobId, attempt: 1, wallMs: PROOF_MS }));
  }
  for (const jobId of queue.slice(0, running)) {
    scheduler.handle({ kind: 'job-started', nowMs: PROOF_MS, jobId, attempt: 1 });
  }
  const fleet = { own: {}, shared: {}, workers: {} };
  const forecast = scheduler.forecast({ nowMs: PROOF_MS + 10_000, fleet, deadlinesMs: new Map() }).get('b');
  if (forecast === undefined) throw new Error('the block is over');
  return blockOfWork(forecast.work);
}

const anyBlock = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 24 }),
    fc.integer({ min: 0, max: 60 }),
    fc.integer({ min: 0, max: 20 }),
    fc.option(fc.integer({ min: -60_000, max: 1_800_000 })),
  )
  .map(([calls, proven, running, deadlineMs]): DemandBlock => ({ block: blockOf(calls, proven, running), deadlineMs }));
const anyPool = (name: ResourceClass) =>
  fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })).map(
    ([workers, busy]): PoolWorkers => ({
      workers,
      busy: Math.min(workers, busy),
      slots: name === 'vm' ? { vm: workers, rollup: 4 * workers } : { [name]: workers },
    }),
  );
const anyPools = fc.record({ vm: anyPool('vm'), rollup: anyPool('rollup') });
const anySpec = fc
  .tuple(
    fc.constantFrom<ResourceClass>('vm', 'rollup'),
    fc.integer({ min: 1_000, max: 180_000 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 200 }),
  )
  .map(
    ([resourceClass, podStartMs, slotsPerWorker, workersMax]): PoolSpec => ({
      ...{ resourceClass, podStartMs, slotsPerWorker, workersMax },
    }),
  );
const anyMoments = fc
  .array(fc.tuple(fc.array(anyBlock, { maxLength: 3 }), anyPools), { minLength: 1, maxLength: 4 })
  .map((moments) => moments.map(([blocks, pools], i): DemandView => ({ nowMs: i * 15_000, blocks, pools })));

const jobsOf = ({ blocks }: DemandView, name: ResourceClass) =>
  blocks.reduce(
    (sum, { block }) =>
      sum +
      block.groups.reduce(
        (jobs, group) => jobs + (group.resourceClass === name ? group.waiting + group.runningMs.length : 0),
        0,
      ),
    0,
  );

describe('the number of workers wanted', () => {
  it('is never less than are busy, nor more than are allowed or have jobs; none without a job; some for a ready one', () => {
    fc.assert(
      fc.property(anySpec, anyMoments, (spec, moments) => {
        const model = new DemandModel();
        for (const view of moments) {
          const { busy } = view.pools[spec.resourceClass] ?? { busy: 0 };
          const wanted = model.wanted(spec, view);
          const jobs = jobsOf(view, spec.resourceClass);
          expect(wanted.busy).toBe(busy);
          expect(wanted.workers).toBeGreaterThanOrEqual(busy);
          expect(wanted.workers).toBeLessThanOrEqual(Math.max(busy, spec.workersMax));
          expect(wanted.workers).toBeLessThanOrEqual(Math.max(busy, jobs));
          if (jobs === 0) expect(wanted.workers).toBe(busy);
          // Rollup jobs may have workers of the other pool.
          if (wanted.queued > 0 && spec.resourceClass === 'vm') expect(wanted.workers).toBeGreaterThan(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is the same for the same history', () => {
    fc.assert(
      fc.property(anySpec, anyMoments, (spec, moments) => {
        const [one, other] = [new DemandModel(), new DemandModel()];
        for (const view of moments) expect(one.wanted(spec, view)).toEqual(other.wanted(spec, view));
      }),
      { numRuns: 20 },
    );
  });

  const calls = new Array<number>(64).fill(2);
  const vm: PoolSpec = { resourceClass: 'vm', podStartMs: 60_000, slotsPerWorker: 1, workersMax: 500 };
  const rollup: PoolSpec = { ...vm, resourceClass: 'rollup' };
  const at = (deadlineMs: number | null, block = blockOf(calls), nowMs = 0): DemandView => ({
    nowMs,
    blocks: [{ block, deadlineMs }],
    pools: {},
  });

  it('is smaller the more time there is', () => {
    const wanted = [null, 400_000, 600_000, 900_000, 1_800_000, 7_200_000].map(
      (deadlineMs) => new DemandModel().wanted(vm, at(deadlineMs)).workers,
    );
    expect(wanted).toEqual([...wanted].sort((a, b) => b - a));
    expect(wanted[0]).toBeGreaterThan(64);
    expect(wanted[0]).toBeLessThanOrEqual(128);
    expect(wanted.at(-1)).toBeLessThan(8);
  });

  it('counts jobs that become ready within a pod start, and none that do later', () => {
    const model = new DemandModel();
    // The first kernels wait for a VM proof, which waits for a pod.
    model.wanted(vm, at(null));
    expect(model.wanted({ ...rollup, podStartMs: 45_000 }, at(null)).workers).toBe(0);
    const late = { ...rollup, podStartMs: 120_000 };
    expect(model.wanted(late, at(null)).workers).toBeGreaterThan(20);
  });

  it('follows slots of workers: half as many with two each', () => {
    const one = new DemandModel().wanted(vm, at(600_000)).workers;
    const two = new DemandModel().wanted({ ...vm, slotsPerWorker: 2 }, at(600_000)).workers;
    expect(Math.abs(two - one / 2)).toBeLessThanOrEqual(2);
  });

  it('does not grow while the workers that were asked for start', () => {
    const model = new DemandModel();
    const [first = 0, ...later] = [0, 15, 30, 45].map((seconds) => {
      const nowMs = seconds * 1_000;
      return model.wanted(vm, at(600_000 - nowMs, blockOf(calls), nowMs)).workers;
    });
    for (const workers of later) expect(workers).toBeLessThanOrEqual(first + 1);
  });

  it('keeps workers for jobs that come within twice a pod start, and lets go of what is not needed by then', () => {
    const model = new DemandModel();
    const withVm = (workers: number, view: DemandView): DemandView => ({
      ...view,
      pools: { vm: { workers, busy: 0, slots: { vm: workers } } },
    });
    // The second call's proof of a transaction is needed a proof later than the first's: half as many do.
    model.wanted(vm, withVm(128, at(null)));
    expect(model.wanted(vm, withVm(128, at(null, blockOf(calls), 15_000))).workers).toBeGreaterThan(50);
    // All VM proofs are made.
    expect(model.wanted(vm, withVm(128, at(null, blockOf(calls, 128), 30_000))).workers).toBe(0);
  });
});

describe('the work of a block', () => {
  const rootMsOf = (block: FlowBlock, slots: number) => {
    const own = Object.fromEntries(RESOURCE_CLASSES.map((name) => [name, slots]));
    return new Flow(loadOf([block]), { own, shared: {}, workers: {} }, { detail: 'fine' }).add(block).rootMs;
  };

  it('is told in little, and says the same', () => {
    fc.assert(
      fc.property(anyBlock, fc.integer({ min: 1, max: 40 }), ({ block }, slots) => {
        const told = JSON.parse(JSON.stringify(workOf(block)));
        expect(JSON.stringify(told).length).toBeLessThan(20_000);
        const again = blockOfWork(told);
        const [rootMs, toldMs] = [rootMsOf(block, slots), rootMsOf(again, slots)];
        expect(Math.abs(toldMs - rootMs)).toBeLessThanOrEqual(rootMs * 0.02 + 1_000);
      }),
      { numRuns: 40 },
    );
  });

  it('is nearly known before the block is planned', () => {
    for (const [transactions, calls] of [
      [1, 0],
      [1, 3],
      [7, 2],
      [64, 1],
      [100, 0],
    ] as const) {
      const outline = outlinedBlock({ transactions, calls: transactions * calls }, measures);
      const planned = blockOf(new Array<number>(transactions).fill(calls));
      const count = ({ groups }: FlowBlock) => groups.reduce((sum, { waiting }) => sum + waiting, 0);
      expect(count(outline)).toBe(count(planned));
      for (const slots of [1, 8, 500]) {
        const [outlineMs, plannedMs] = [rootMsOf(outline, slots), rootMsOf(planned, slots)];
        expect(Math.abs(outlineMs - plannedMs)).toBeLessThanOrEqual(plannedMs * 0.05);
      }
    }
  });
});
