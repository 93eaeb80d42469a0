import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EspalierError } from '../../../common/index.js';
import { type ApiLimits, apiLimits } from './api-limits.js';
import { type CallKind, CallLimits } from './call-limits.js';

class FakeClock {
  ms = 0;
  monotonicMs(): number {
    return this.ms;
  }
}

function limited(options: Partial<ApiLimits>) {
  const clock = new FakeClock();
  return { clock, limits: new CallLimits(apiLimits(options), clock) };
}

function refusalOf(work: () => unknown): EspalierError | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EspalierError);
    return thrown as EspalierError;
  }
}

describe('the rate of calls', () => {
  test('is a burst, then so many a second, of each caller for itself', () => {
    const { clock, limits } = limited({ requestsPerSecond: 10, requestsBurst: 3 });
    const admitted = (caller: string, times: number) =>
      Array.from({ length: times }, () => refusalOf(() => limits.request(caller))).filter((one) => one === undefined)
        .length;
    expect(admitted('a', 5)).toBe(3);
    clock.ms += 100;
    expect(admitted('a', 5)).toBe(1);
    expect(admitted('b', 5)).toBe(3);
    clock.ms += 3_600_000;
    expect(admitted('a', 5)).toBe(3);
  });

  test('is refused by name, with its value and a remedy, as something that passes', () => {
    const { limits } = limited({ requestsPerSecond: 10, requestsBurst: 1 });
    limits.request('sequencer');
    const error = refusalOf(() => limits.request('sequencer'));
    expect(error).toMatchObject({ code: 'rate-limited', retryable: true });
    expect(error?.message).toMatch(/sequencer .*10 .*requestsPerSecond/);
    expect(error?.remedy).toBeDefined();
  });

  test('is never above what is allowed, over any stretch of time, and one who keeps to it is never refused', () => {
    const gaps = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 500, noNaN: true })), { maxLength: 200 });
    const rate = fc.record({ perSecond: fc.integer({ min: 1, max: 1_000 }), burst: fc.integer({ min: 1, max: 20 }) });
    fc.assert(
      fc.property(rate, gaps, ({ perSecond, burst }, gapsMs) => {
        const { clock, limits } = limited({ requestsPerSecond: perSecond, requestsBurst: burst });
        const admittedMs: number[] = [];
        for (const gapMs of gapsMs) {
          clock.ms += gapMs;
          if (refusalOf(() => limits.request('a')) === undefined) admittedMs.push(clock.ms);
          // A refusal is no punishment: whoever waits for one more is admitted.
          else {
            clock.ms += 1_000 / perSecond + 1e-6;
            limits.request('a');
            admittedMs.push(clock.ms);
          }
        }
        admittedMs.forEach((fromMs, first) => {
          admittedMs.slice(first).forEach((toMs, index) => {
            expect(index + 1).toBeLessThanOrEqual(burst + ((toMs - fromMs) / 1_000) * perSecond + 1e-3);
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  test('is remembered of a bounded number of callers: those who called last', () => {
    const { limits } = limited({ requestsPerSecond: 1, requestsBurst: 1 });
    limits.request('first');
    for (let index = 0; index < 9_999; index++) limits.request(`other ${index}`);
    expect(refusalOf(() => limits.request('first'))).toBeDefined();
    for (let index = 0; index < 10_000; index++) limits.request(`another ${index}`);
    expect(refusalOf(() => limits.request('first'))).toBeUndefined();
  });
});

describe('what is open at once', () => {
  const few = { callsMax: 3, uploadsMax: 2, asidesPerPeerMax: 2, streamsMax: 5, streamsPerPrincipalMax: 3 };

  test.each<[CallKind, string, RegExp]>([
    ['unary', 'server-busy', /^3 .*callsMax/],
    ['upload', 'server-busy', /^2 .*uploadsMax/],
    ['aside', 'limit-exceeded', /^a has 2 .*asidesPerPeerMax/],
    ['stream', 'limit-exceeded', /^a has 3 .*streamsPerPrincipalMax/],
  ])('%s: is refused beyond its limit by name and value, with a remedy', (kind, code, message) => {
    const { limits } = limited(few);
    let error: EspalierError | undefined;
    for (let index = 0; index < 10 && error === undefined; index++) error = refusalOf(() => limits.occupy(kind, 'a'));
    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(message);
    expect(error?.remedy).toBeDefined();
  });

  test('one who has as many streams as one may leaves the rest to others', () => {
    const { limits } = limited(few);
    for (let index = 0; index < 9; index++) refusalOf(() => limits.occupy('stream', 'a'));
    const releases = [limits.occupy('stream', 'b'), limits.occupy('stream', 'c')];
    expect(refusalOf(() => limits.occupy('stream', 'd'))).toMatchObject({ code: 'server-busy' });
    for (const release of releases) release();
    limits.occupy('stream', 'd');
  });

  test('is counted as a plain list of what is open counts it, however often and late each is released', () => {
    const kinds = fc.constantFrom<CallKind>('unary', 'upload', 'aside', 'stream');
    const open = fc.record({ kind: kinds, caller: fc.constantFrom('a', 'b', 'c') });
    const steps = fc.array(fc.oneof(open, fc.nat({ max: 20 })), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (all) => {
        const { limits } = limited(few);
        const taken: { kind: CallKind; caller: string; release: () => void; isOpen: boolean }[] = [];
        const count = (kind: CallKind, caller?: string) =>
          taken.filter((one) => one.isOpen && one.kind === kind && (caller ?? one.caller) === one.caller).length;
        const hasRoom = ({ kind, caller }: { kind: CallKind; caller: string }) =>
          ({
            unary: count('unary') < few.callsMax,
            upload: count('upload') < few.uploadsMax,
            aside: count('aside', caller) < few.asidesPerPeerMax,
            stream: count('stream') < few.streamsMax && count('stream', caller) < few.streamsPerPrincipalMax,
          })[kind];
        for (const step of all) {
          if (typeof step === 'number') {
            const one = taken[step];
            one?.release();
            if (one !== undefined) one.isOpen = false;
            continue;
          }
          const isAllowed = hasRoom(step);
          const refused = refusalOf(() => {
            taken.push({ ...step, release: limits.occupy(step.kind, step.caller), isOpen: true });
          });
          expect(refused === undefined).toBe(isAllowed);
        }
      }),
    );
  });
});

describe('limits that cannot be', () => {
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])('%s: are refused by name', (streamsMax) => {
    const error = refusalOf(() => apiLimits({ streamsMax }));
    expect(error).toMatchObject({ code: 'usage' });
    expect(error?.message).toContain('streamsMax');
    expect(error?.remedy).toBeDefined();
  });
});
