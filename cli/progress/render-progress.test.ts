import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RunEvent } from '../../proto/index.js';
import { jobId, planned, proven, SAMPLE_LEVELS, started } from '../testing/sample-events.js';
import { ProgressModel } from './progress-model.js';
import { type RenderOptions, renderNotice, renderProgress } from './render-progress.js';

const WIDE: RenderOptions = { columns: 110, rows: 40, colour: false, unicode: true };

function frame(events: readonly RunEvent[], nowMs: number, options: Partial<RenderOptions> = {}): string {
  const model = new ProgressModel();
  for (const event of events) model.apply(event);
  return `\n${renderProgress(model.view(nowMs), { ...WIDE, ...options }).join('\n')}\n`;
}

const EARLIER = planned(SAMPLE_LEVELS, { transactions: 4, calls: 6, alreadyProvenByLevel: [3, 0, 0, 0, 0] });
const MIDDLE: readonly RunEvent[] = [
  EARLIER,
  { kind: 'phase', atMs: 0, phase: 'proving', done: 0, total: 19 },
  ...['1.0', '1.1', '2.0'].flatMap((position, index) => [
    started('public-vm', position, 0, index * 4_000),
    proven('public-vm', position, 0, index * 4_000, index * 4_000 + 3_900),
  ]),
  started('public-kernel-first', '0.0', 1, 12_000),
  proven('public-kernel-first', '0.0', 1, 12_000, 38_100),
  started('public-kernel-next', '0.1', 1, 38_100),
  {
    kind: 'job-retried',
    atMs: 41_000,
    jobId: jobId('public-kernel-first', '1.0'),
    circuit: 'public-kernel-first',
    level: 1,
    attempt: 1,
    error: { code: 'prover-crashed', message: 'bb ended with signal 9' },
    delayMs: 1_000,
  },
  started('public-kernel-first', '1.0', 1, 42_000, 2),
];

it('shows a run in the middle, wide', () => {
  expect(frame(MIDDLE, 50_000)).toMatchInlineSnapshot(`
    "
    block 3f9a12c04b00   4 transactions, 6 calls   native prover 5.0.0, development SRS
      public-vm      ████████████████████████████████████████  6/6
      public-kernel  ██████▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░  1/6  2 running, 3 waiting
      base           ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0/4  4 waiting
      merge 1        ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0/2  2 waiting
      root           ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0/1  1 waiting
      7 of 19 proofs, 3 from an earlier run   4.8 a minute   tried again: 1   50.0 s so far   about 3m 26s left
      slowest  public-kernel-first 0.0  26.1 s
      running  public-kernel-next 0.1  11.9 s  worker-1
               public-kernel-first 1.0  8.0 s  attempt 2  worker-1
    "
  `);
});

it('shows the same narrow, without colour or Unicode', () => {
  expect(frame(MIDDLE, 50_000, { columns: 44, unicode: false })).toMatchInlineSnapshot(`
    "
    block 3f9a12c04b00   4 transactions, 6 calls
    native prover 5.0.0, development SRS
      public-vm      ######################  6/6
      public-kernel  ###+++++++............  1/6
      base           ......................  0/4
      merge 1        ......................  0/2
      root           ......................  0/1
      7 of 19 proofs, 3 from an earlier run
      4.8 a minute   tried again: 1
      50.0 s so far   about 3m 26s left
      slowest  public-kernel-first 0.0  26.1 s
      running  public-kernel-next 0.1  11.9 s
               public-kernel-first 1.0  8.0 s
    "
  `);
});

it('shows phases before there is a plan', () => {
  const phase: RunEvent = { kind: 'phase', atMs: 0, phase: 'client-proofs', done: 3, total: 8 };
  expect(frame([phase], 0)).toMatchInlineSnapshot(`
    "
      checking client proofs  █████████░░░░░░░░░░░░░░░  3/8
    "
  `);
  expect(frame([], 0)).toBe('\n\n');
});

it('owns up to a guess', () => {
  expect(frame([EARLIER], 1_000)).toContain('left (nothing measured yet)');
});

it('ends with the makespan against the longest chain', () => {
  const end: RunEvent = {
    kind: 'block-proven',
    atMs: 252_000,
    blockId: 'f'.repeat(64),
    proven: 19,
    makespanMs: 252_000,
    criticalPathMs: 130_000,
  };
  expect(frame([...MIDDLE, end], 999_000, { columns: 130 })).toContain('proven in 4m 12s   longest chain 2m 10s');
});

it('ends with where it failed, or that it was stopped', () => {
  const id = jobId('merge-rollup', '1.0');
  const failed = (code: 'witness-unsatisfied' | 'cancelled', at: string | null): RunEvent => {
    return { kind: 'block-failed', atMs: 60_000, blockId: null, jobId: at, error: { code, message: 'x' } };
  };
  expect(frame([...MIDDLE, failed('witness-unsatisfied', id)], 60_000)).toContain('failed at merge-rollup 1.0');
  expect(frame([...MIDDLE, failed('cancelled', null)], 60_000)).toContain('stopped');
});

it('folds the levels of a big block into a small window, finished ones first', () => {
  const levels = [
    { name: 'public-vm', jobs: 122_880 },
    { name: 'public-kernel', jobs: 122_880 },
    { name: 'base', jobs: 61_440 },
    ...Array.from({ length: 15 }, (_, index) => ({ name: `merge ${index + 1}`, jobs: Math.ceil(30_720 / 2 ** index) })),
    { name: 'root', jobs: 1 },
  ];
  const done = levels.map(({ jobs }, index) => (index < 2 ? jobs : index === 2 ? 40_000 : index === 3 ? 9_000 : 0));
  const big = planned(levels, { transactions: 61_440, calls: 122_880, alreadyProvenByLevel: done });
  expect(
    frame([big, started('base-rollup-public', '50000', 2, 0)], 4_000, { rows: 9, columns: 80 }),
  ).toMatchInlineSnapshot(`
    "
    block 3f9a12c04b00   61,440 transactions, 122,880 calls
    native prover 5.0.0, development SRS
      2 levels   ███████████████████████  245,760/245,760
      base       ██████████████▒░░░░░░░░    40,000/61,440  1 running, 21,439 waiting
      merge 1    ██████░░░░░░░░░░░░░░░░░     9,000/30,720  21,720 waiting
      15 levels  ░░░░░░░░░░░░░░░░░░░░░░░         0/30,720  30,720 waiting
      294,760 of 368,640 proofs, 294,760 from an earlier run   4.0 s so far
      about 18d 14h left (nothing measured yet)
      running  base-rollup-public 50000  4.0 s  worker-1
    "
  `);
});

it('colours by meaning, and changes no character by it', () => {
  const coloured = frame(MIDDLE, 50_000, { colour: true });
  expect(coloured).toContain('\u001b[32m█');
  expect(stripVTControlCharacters(coloured)).toBe(frame(MIDDLE, 50_000));
});

it('never exceeds the columns and rows it has', () => {
  const sizes = fc.record({ columns: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(sizes, fc.boolean(), fc.nat(MIDDLE.length), (size, colour, count) => {
      const model = new ProgressModel();
      for (const event of MIDDLE.slice(0, count)) model.apply(event);
      const lines = renderProgress(model.view(50_000), { ...size, colour, unicode: true });
      expect(lines.length).toBeLessThanOrEqual(size.rows);
      for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(size.columns);
    }),
  );
});

it('makes names from outside harmless', () => {
  const event = { ...started('public-vm', '0.0', 0, 0), workerId: 'evil\u001b[2J名' } as RunEvent;
  const text = frame([EARLIER, event], 0);
  expect(text).toContain('evil?[2J?');
});

it('makes warnings loud, whole, and breaks them between words', () => {
  expect(renderNotice({ kind: 'warning', text: 'proofs can\nbe forged' }, 80, true)).toEqual([
    '\u001b[1;33mWARNING: proofs can | be forged\u001b[0m',
  ]);
  expect(renderNotice({ kind: 'warning', text: 'proofs can be forged' }, 16, false)).toEqual([
    'WARNING: proofs',
    'can be forged',
  ]);
  expect(renderNotice({ kind: 'retry', text: 'again' }, 80, false)).toEqual(['retry: again']);
});
