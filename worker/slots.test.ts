import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_PROFILES, BYTES_PER_GIB, type ResourceClass } from '../proto/index.js';
import { type Grant, Slots } from './slots.js';

const { production } = BUILT_IN_PROFILES;
const BOTH: readonly ResourceClass[] = ['vm', 'rollup'];
const never = new AbortController().signal;

function slotsOf(cores: number, memoryGiB: number, onChange = () => {}) {
  return new Slots({ cores, memoryBytes: memoryGiB * BYTES_PER_GIB, gpus: 0 }, production, 1, onChange);
}

/** The grants given by now, in order of asking; undefined for those that wait. */
async function settled(grants: readonly Promise<Grant>[]): Promise<(Grant | undefined)[]> {
  await setImmediate();
  return Promise.all(grants.map((grant) => Promise.race([grant, Promise.resolve(undefined)])));
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
    expect(slots.classesToTake(BOTH)).toEqual(BOTH);
    const next = slots.enter('rollup').acquire(never);
    expect(slots.classesToTake(BOTH)).toEqual([]);
    expect(threads(await settled([next]))).toEqual([undefined]);
    first.release();
    expect(threads(await settled([next]))).toEqual([32]);
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
    expect(threads(await settled([next]))).toEqual([32]);
    aborted.leave();
    await expect(slots.enter('vm').acquire(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('gives room back once, however often it is told', async () => {
    let changes = 0;
    const slots = slotsOf(32, 64, () => changes++);
    const place = slots.enter('vm');
    const grant = await place.acquire(never);
    expect(slots.classesToTake(BOTH)).toEqual(BOTH);
    grant.release();
    place.leave();
    grant.release();
    place.leave();
    expect(changes).toBe(2);
    expect((await slots.enter('vm').acquire(never)).threads).toBe(32);
  });
});
