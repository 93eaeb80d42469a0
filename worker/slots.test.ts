import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_PROFILES, BYTES_PER_GIB } from '../proto/index.js';
import { slotsFor } from '../tests/support/worker-fixture.js';
import type { Grant, Slots } from './slots.js';

const { production } = BUILT_IN_PROFILES;
let nowMs = 0;
const never = new AbortController().signal;

function slotsOf(cores: number, memoryGiB: number, onChange = () => {}) {
  const machine = { cores, memoryBytes: memoryGiB * BYTES_PER_GIB, gpus: 0 };
  return slotsFor(machine, production, { offered: ['vm', 'rollup'], onChange, nowMs: () => nowMs });
}

/** The grants given by now, in order of asking; undefined for those that wait. */
async function settled(grants: readonly Promise<Grant>[]): Promise<(Grant | undefined)[]> {
  await setImmediate();
  return Promise.all(grants.map((grant) => Promise.race([grant, Promise.resolve(undefined)])));
}

/** Lets the time pass in which more jobs might be taken. */
function gather(slots: Slots): void {
  nowMs = slots.request().untilMs;
  slots.request();
}

const threads = (grants: readonly (Grant | undefined)[]) => grants.map((grant) => grant?.threads);

describe('Slots', () => {
  it('divides the cores among jobs that are staged together', async () => {
    const slots = slotsOf(32, 64);
    const places = [slots.enter('rollup'), slots.enter('rollup')];
    const grants = places.map((place) => place.acquire(never));
    expect(threads(await settled(grants))).toEqual([16, 16]);
  });

  it('gives a lone job everything, and the next one its turn when that ends', async () => {
    const slots = slotsOf(32, 64);
    const first = await slots.enter('rollup').acquire(never);
    expect(first.threads).toBe(32);
    expect(slots.request().classes).toEqual(['vm', 'rollup']);
    const next = slots.enter('rollup').acquire(never);
    expect(slots.request().classes).toEqual([]);
    expect(threads(await settled([next]))).toEqual([undefined]);
    first.release();
    gather(slots);
    expect(threads(await settled([next]))).toEqual([32]);
  });

  it('lets the jobs that wait in the queue share what a lone one had', async () => {
    nowMs = 0;
    const slots = slotsOf(32, 61);
    const lone = await slots.enter('rollup').acquire(never);
    const next = slots.enter('rollup').acquire(never);
    lone.release();
    expect(threads(await settled([next]))).toEqual([undefined]);
    expect(slots.request()).toEqual({ classes: ['rollup'], toWait: [], untilMs: 10 });
    const others = [slots.enter('rollup'), slots.enter('rollup')].map((place) => place.acquire(never));
    expect(threads(await settled([next, ...others]))).toEqual([undefined, undefined, undefined]);
    const last = slots.enter('rollup').acquire(never);
    expect(threads(await settled([next, ...others, last]))).toEqual([8, 8, 8, 8]);
  });

  it('lets a job whose witness is ready start before one that entered earlier, and shares with it', async () => {
    const slots = slotsOf(32, 64);
    const slow = slots.enter('rollup');
    const quick = slots.enter('rollup').acquire(never);
    expect(threads(await settled([quick]))).toEqual([16]);
    expect(threads(await settled([slow.acquire(never)]))).toEqual([16]);
  });

  it('keeps room for a large job that waits', async () => {
    const slots = slotsOf(32, 64);
    const small = [slots.enter('rollup'), slots.enter('rollup'), slots.enter('rollup')].map((s) => s.acquire(never));
    const grants = await settled(small);
    expect(threads(grants)).toEqual([10, 11, 11]);
    const vm = slots.enter('vm').acquire(never);
    const late = slots.enter('rollup').acquire(never);
    grants[0]?.release();
    grants[1]?.release();
    expect(threads(await settled([vm, late]))).toEqual([undefined, undefined]);
    grants[2]?.release();
    expect(threads(await settled([vm, late]))).toEqual([32, undefined]);
  });

  it('passes over a job that was aborted while it waited', async () => {
    const slots = slotsOf(32, 64);
    const first = await slots.enter('vm').acquire(never);
    const controller = new AbortController();
    const aborted = slots.enter('vm');
    const abortedGrant = aborted.acquire(controller.signal);
    const next = slots.enter('rollup').acquire(never);
    controller.abort();
    await expect(abortedGrant).rejects.toMatchObject({ code: 'cancelled' });
    first.release();
    gather(slots);
    expect(threads(await settled([next]))).toEqual([32]);
    aborted.leave();
    await expect(slots.enter('vm').acquire(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('gives room back once, however often it is told', async () => {
    let changes = 0;
    const slots = slotsOf(32, 64, () => changes++);
    const place = slots.enter('vm');
    const grant = await place.acquire(never);
    expect(slots.request().classes).toEqual(['vm', 'rollup']);
    grant.release();
    place.leave();
    grant.release();
    place.leave();
    expect(changes).toBe(2);
    expect((await slots.enter('vm').acquire(never)).threads).toBe(32);
  });

  it('runs four small jobs at once on 32 cores and 64 GB, threads divided', async () => {
    const slots = slotsOf(32, 61);
    const grants = Array.from({ length: 5 }, () => slots.enter('rollup').acquire(never));
    expect(threads(await settled(grants))).toEqual([8, 8, 8, 8, undefined]);
    expect([slots.idle('rollup'), slots.idle('vm')]).toEqual([0, 0]);
  });

  it('says how many more could begin', async () => {
    const slots = slotsOf(32, 61);
    expect([slots.idle('rollup'), slots.idle('vm')]).toEqual([4, 1]);
    slots.enter('rollup');
    expect([slots.idle('rollup'), slots.idle('vm')]).toEqual([3, 0]);
  });
});

describe('Slots that keep room', () => {
  /** A machine with one small job running on a quarter of it, and a large one that waits for it. */
  async function keeping() {
    nowMs = 0;
    const slots = slotsOf(32, 61);
    const small = Array.from({ length: 4 }, () => slots.enter('rollup').acquire(never));
    const grants = await settled(small);
    for (const grant of grants.slice(1)) grant?.release();
    let givenBack = 0;
    const large = slots.enter('vm', () => {
      givenBack += 1;
      large.leave();
    });
    return { slots, running: grants[0] as Grant, large, givenBack: () => givenBack };
  }

  it('start nothing past a large job that waits, and give it the machine', async () => {
    const { slots, running, large } = await keeping();
    const late = slots.enter('rollup').acquire(never);
    const grant = large.acquire(never);
    expect(slots.request()).toEqual({ classes: [], toWait: [], untilMs: 60_000 });
    expect(threads(await settled([grant, late]))).toEqual([undefined, undefined]);
    running.release();
    expect(threads(await settled([grant, late]))).toEqual([32, undefined]);
  });

  it('give it back where it waits too long, and are patient again before they ask for another', async () => {
    const { slots, givenBack } = await keeping();
    nowMs = 59_999;
    slots.request();
    expect(givenBack()).toBe(0);
    nowMs = 60_000;
    expect(slots.request()).toEqual({ classes: ['rollup'], toWait: [], untilMs: 65_000 });
    expect(givenBack()).toBe(1);
    nowMs = 65_000;
    expect(slots.request()).toMatchObject({ classes: ['rollup', 'vm'], toWait: ['vm'] });
  });

  it('keep it for twice as long the next time, until one gets its turn', async () => {
    const { slots, running } = await keeping();
    nowMs = 60_000;
    slots.request();
    const second = slots.enter('vm').acquire(never);
    expect(slots.request().untilMs).toBe(180_000);
    running.release();
    const [large] = await settled([second]);
    large?.release();
    const small = [slots.enter('rollup').acquire(never), slots.enter('rollup').acquire(never)];
    const [first] = await settled(small);
    first?.release();
    slots.enter('vm');
    expect(slots.request().untilMs).toBe(120_000);
  });

  it('never keep it longer than the time limit of a proof', async () => {
    const { slots } = await keeping();
    for (let times = 0; times < 10; times++) {
      nowMs = slots.request().untilMs;
      slots.request();
      slots.enter('vm');
    }
    expect(slots.request().untilMs - nowMs).toBe(production.timeoutMs.vm);
  });

  it('keep none while nothing that waits elsewhere could have it', async () => {
    nowMs = 0;
    const slots = slotsOf(32, 61);
    await slots.enter('rollup').acquire(never);
    slots.enter('vm');
    expect(slots.request().untilMs).toBe(Number.POSITIVE_INFINITY);
  });
});
