import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_PROFILES, type MachineResources, meets, type Profile, RESOURCE_CLASSES } from '../proto/index.js';
import { gib, type SimulatedFate, type SimulatedJob, SlotsSimulation } from '../tests/support/slots-simulation.js';

const { production } = BUILT_IN_PROFILES;
/** 32 cores and 64 GB, as such a machine shows itself. */
const BIG: MachineResources = { cores: 32, memoryBytes: gib(61), gpus: 0 };
const PATIENCE_MS = 5_000;
const RESERVATION_MAX_MS = 60_000;
/** How long a worker may take to look for a job of a class that does not fit, whatever else it has to do. */
const LOOK_MS = PATIENCE_MS + 2_000;

const simulate = async (jobs: readonly SimulatedJob[], prefetch = 1) => {
  const simulation = new SlotsSimulation(BIG, production, { offered: ['vm', 'rollup'], prefetch });
  await simulation.run(jobs);
  return simulation;
};

const prefetches = fc.integer({ min: 0, max: 2 });

/** Small jobs that come one by one for an hour, often enough for some to be running all the time. */
const stream = (durationMsMax: number) =>
  fc
    .array(
      fc.record({
        gapMs: fc.integer({ min: 100, max: 12_000 }),
        durationMs: fc.integer({ min: 5_000, max: durationMsMax }),
      }),
      { minLength: 150, maxLength: 150 },
    )
    .map((steps) => {
      let arrivesAtMs = 0;
      return steps.map(({ gapMs, durationMs }): SimulatedJob => {
        arrivesAtMs += gapMs;
        return { resourceClass: 'rollup', arrivesAtMs, durationMs };
      });
    });

/** How long a job waited from when it had come and all that came before it had begun. */
function waitedAsFirstMs(job: SimulatedFate, fates: readonly SimulatedFate[]): number {
  const before = fates.filter((other) => other !== job && other.arrivesAtMs <= job.arrivesAtMs);
  const firstAtMs = Math.max(job.arrivesAtMs, ...before.map((other) => other.startedAtMs ?? Number.POSITIVE_INFINITY));
  return (job.startedAtMs ?? Number.POSITIVE_INFINITY) - firstAtMs;
}

describe('a worker of 32 cores and 64 GB', () => {
  it('runs four small jobs at once while there is no large one, threads divided', async () => {
    const jobs = Array.from(
      { length: 8 },
      (): SimulatedJob => ({ resourceClass: 'rollup', arrivesAtMs: 0, durationMs: 30_000 }),
    );
    const { fates } = await simulate(jobs);
    expect(fates.map(({ startedAtMs }) => startedAtMs)).toEqual([0, 0, 0, 0, 30_000, 30_000, 30_000, 30_000]);
    expect(fates.map(({ threads }) => threads)).toEqual([8, 8, 8, 8, 8, 8, 8, 8]);
  });

  it('lets a large job have its turn in a stream of small ones, as soon as what runs has ended', async () => {
    const property = fc.asyncProperty(
      stream(RESERVATION_MAX_MS),
      fc.array(fc.integer({ min: 0, max: 500_000 }), { minLength: 1, maxLength: 3 }),
      prefetches,
      async (small, arrivals, prefetch) => {
        const large = arrivals.map(
          (arrivesAtMs): SimulatedJob => ({ resourceClass: 'vm', arrivesAtMs, durationMs: 30_000 }),
        );
        const { fates, idleStretchesMs } = await simulate([...small, ...large], prefetch);
        const vms = fates.filter(({ resourceClass }) => resourceClass === 'vm');
        for (const vm of vms) {
          expect(waitedAsFirstMs(vm, fates)).toBeLessThanOrEqual(LOOK_MS + RESERVATION_MAX_MS);
          expect(vm.givenBack).toBe(0);
        }
        expect(Math.max(0, ...idleStretchesMs)).toBeLessThanOrEqual(RESERVATION_MAX_MS);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it('does so too where proofs take longer than room is kept at first, and never idles longer than they take', async () => {
    const longestMs = production.timeoutMs.rollup;
    const property = fc.asyncProperty(
      stream(longestMs),
      fc.integer({ min: 0, max: 500_000 }),
      prefetches,
      async (small, arrivesAtMs, prefetch) => {
        const vm: SimulatedJob = { resourceClass: 'vm', arrivesAtMs, durationMs: 30_000 };
        const { fates, idleStretchesMs } = await simulate([...small, vm], prefetch);
        const [fate] = fates.slice(-1) as [SimulatedFate];
        // Kept for 60, 120 and 240 s at most before it is kept for as long as any proof may take.
        expect(fate.givenBack).toBeLessThanOrEqual(3);
        expect(waitedAsFirstMs(fate, fates)).toBeLessThanOrEqual((LOOK_MS + longestMs) * (fate.givenBack + 1));
        expect(Math.max(0, ...idleStretchesMs)).toBeLessThanOrEqual(longestMs);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it('gives a large job back to other workers where one small job takes for ever, and goes on with small ones', async () => {
    const jobs: SimulatedJob[] = [
      ...Array.from(
        { length: 4 },
        (_, n): SimulatedJob => ({ resourceClass: 'rollup', arrivesAtMs: 0, durationMs: n === 0 ? 200_000 : 10_000 }),
      ),
      { resourceClass: 'vm', arrivesAtMs: 1_000, durationMs: 30_000 },
      { resourceClass: 'rollup', arrivesAtMs: 12_000, durationMs: 10_000 },
    ];
    const { fates, idleStretchesMs } = await simulate(jobs);
    // Found within 2 s while the machine was full, kept room for from 10 s on, and given back after 60 s.
    expect(fates[5]).toMatchObject({ startedAtMs: 70_000 });
    expect(fates[4]).toMatchObject({ givenBack: 1, startedAtMs: 200_000 });
    expect(idleStretchesMs[0]).toBe(58_000);
  });
});

describe('any machine', () => {
  const requirement = fc.record({
    cores: fc.integer({ min: 1, max: 16 }),
    memoryGiB: fc.integer({ min: 1, max: 32 }),
    gpus: fc.integer({ min: 0, max: 2 }),
  });
  const cases = fc.record({
    machine: fc.record({
      cores: fc.integer({ min: 1, max: 64 }),
      memoryBytes: fc.integer({ min: 1, max: 128 }).map(gib),
      gpus: fc.integer({ min: 0, max: 4 }),
    }),
    classes: fc.record({ vm: requirement, rollup: requirement, gpu: requirement }),
    prefetch: fc.integer({ min: 0, max: 3 }),
    jobs: fc.array(
      fc.record({
        resourceClass: fc.constantFrom(...RESOURCE_CLASSES),
        arrivesAtMs: fc.integer({ min: 0, max: 300_000 }),
        durationMs: fc.integer({ min: 1, max: 120_000 }),
      }),
      { minLength: 1, maxLength: 40 },
    ),
  });

  it('is never over-committed in cores, memory or GPUs, and starts every job in the end', async () => {
    const property = fc.asyncProperty(cases, async ({ machine, classes, prefetch, jobs }) => {
      const profile: Profile = { ...production, classes };
      const offered = RESOURCE_CLASSES.filter((name) => meets(machine, classes[name]));
      const able = jobs.filter(({ resourceClass }) => offered.includes(resourceClass));
      fc.pre(able.length > 0);
      const simulation = new SlotsSimulation(machine, profile, { offered, prefetch });
      // Throws where more is handed out than there is, and where a job is never started.
      await simulation.run(able);
      for (const { threads, resourceClass } of simulation.fates) {
        expect(threads).toBeGreaterThanOrEqual(classes[resourceClass].cores);
      }
    });
    await fc.assert(property, { numRuns: 150 });
  });
});
