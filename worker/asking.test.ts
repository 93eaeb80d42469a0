import { describe, expect, it } from 'vitest';
import { Asking } from './asking.js';
import type { Takeable } from './packing.js';

const IDLE: Takeable = { toBegin: ['vm', 'rollup'], toWait: [] };
const PARTLY: Takeable = { toBegin: ['rollup'], toWait: ['vm'] };
const FULL: Takeable = { toBegin: [], toWait: ['vm', 'rollup'] };
const FOREVER = Number.POSITIVE_INFINITY;

describe('Asking', () => {
  it('asks all the time for what could begin', () => {
    const asking = new Asking(5_000);
    expect(asking.request(0, IDLE)).toEqual({ classes: ['vm', 'rollup'], toWait: [], untilMs: FOREVER });
  });

  it('looks for a class that does not fit when it was not asked for so long, and for a moment only', () => {
    const asking = new Asking(5_000);
    asking.ended(asking.request(0, IDLE), true, 1_000);
    const patient = asking.request(1_000, PARTLY);
    expect(patient).toEqual({ classes: ['rollup'], toWait: [], untilMs: 6_000 });
    asking.ended(patient, false, 6_000);
    const look = asking.request(6_000, PARTLY);
    expect(look).toEqual({ classes: ['rollup', 'vm'], toWait: ['vm'], untilMs: 6_100 });
    expect(asking.request(6_050, PARTLY)).toEqual(look);
    asking.ended(look, false, 6_100);
    expect(asking.request(6_100, PARTLY)).toEqual({ classes: ['rollup'], toWait: [], untilMs: 11_100 });
  });

  it('takes a job of any class as the answer: one of the other was not first', () => {
    const asking = new Asking(5_000);
    asking.request(0, PARTLY);
    asking.ended(asking.request(5_000, PARTLY), true, 5_001);
    expect(asking.request(5_001, PARTLY).untilMs).toBe(10_001);
  });

  it('looks again where a look was broken off', () => {
    const asking = new Asking(5_000);
    asking.request(0, PARTLY);
    asking.ended(asking.request(5_000, PARTLY), false, 5_050);
    expect(asking.request(5_050, PARTLY).classes).toEqual(['rollup', 'vm']);
  });

  it('looks at once when the machine is full, and then now and again', () => {
    const asking = new Asking(5_000);
    const look = asking.request(0, FULL);
    expect(look).toEqual({ classes: ['vm', 'rollup'], toWait: ['vm', 'rollup'], untilMs: 100 });
    asking.ended(look, false, 100);
    expect(asking.request(100, FULL)).toEqual({ classes: [], toWait: [], untilMs: 2_100 });
    expect(asking.request(2_100, FULL).classes).toEqual(['vm', 'rollup']);
  });

  it('leaves a job that it gave back to others for a while', () => {
    const asking = new Asking(5_000);
    asking.request(0, PARTLY);
    asking.gaveBack('vm', 9_000);
    expect(asking.request(9_000, PARTLY)).toEqual({ classes: ['rollup'], toWait: [], untilMs: 14_000 });
  });
});
