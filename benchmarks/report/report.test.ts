import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/index.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { keepRows, readKeptRows } from '../kept-rows.js';
import type { Row } from '../scope.js';
import { drawPlot } from './draw-plot.js';
import { makeReport } from './make-report.js';
import { type Plot, seriesOf } from './plot.js';
import { renderReport } from './render-report.js';

const PLOT: Plot = {
  name: 'trial-times',
  title: 'Times of a trial',
  xLabel: 'transactions',
  yLabel: 's',
  kind: 'line',
  points: /^trial\/(?<series>\w+)\/(?<x>\d+)\/time$/,
  scale: { x: 'log' },
  limit: { value: 30, label: 'the target' },
};
const ROWS: readonly Row[] = [
  { name: 'trial/ours/64/time', value: 12.34, unit: 's', spread: [12, 13], target: 30 },
  { name: 'trial/ours/1024/time', value: 31, unit: 's', spread: [31, 31], target: 30 },
  { name: 'trial/theirs/64/time', value: Number.NaN, unit: 's', spread: [Number.NaN, Number.NaN], note: 'not there' },
  { name: 'trial/rate', value: 1234.5, unit: 'jobs/s', spread: [1_000, 2_000], targetMin: 1_000 },
];

test('rows are kept with what they are worth, and read again', async () => {
  const path = join(await tempFolder(), 'trial.jsonl');
  await keepRows(path, ROWS, 3);
  const rows = await readKeptRows(path);
  expect(rows).toMatchObject(ROWS);
  for (const row of rows) expect(row).toMatchObject({ repetitions: 3, machine: expect.stringContaining('cores') });
  await writeFile(path, `${await readFile(path, 'utf8')}{"name":"trial/x"}\n`);
  await expect(readKeptRows(path)).rejects.toThrow(`${path}, line 5 is no row`);
});

test('a report says what was measured, where, and which targets are missed', async () => {
  const kept = ROWS.map((row) => ({ ...row, machine: 'a machine', measuredOn: '2026-11-25', repetitions: 1 }));
  const wanted = [
    { what: 'large ones', name: 'trial/ours/1024/time' },
    { what: 'nobody looked', name: 'trial/ours/2/time' },
  ];
  const plotted = [PLOT, { ...PLOT, points: /^nothing$/ }];
  const { markdown, plots } = renderReport(kept, plotted, { trial: 'a trial of it' }, wanted);
  expect(markdown).toContain('| large ones | 31 s | at most 30: MISSED | trial/ours/1024/time |');
  expect(markdown).toContain('| nobody looked | not measured |  | trial/ours/2/time |');
  expect(markdown).toContain('| | 12.3 s (12 to 13) | at most 30: met | trial/ours/64/time |');
  expect(markdown).toContain('| | 1235 jobs/s (1000 to 2000) | at least 1000: met | trial/rate |');
  expect(markdown).toContain(
    'A trial of it.\n\nMeasured on a machine; 2026-11-25; 1 repetition.\n\n![Times of a trial](plots/trial-times.svg)',
  );
  expect(markdown).toContain('| theirs/64/time | not measured | not there |');
  expect(plots.map(({ series }) => series)).toEqual([
    [
      {
        name: 'ours',
        points: [
          { x: '64', y: 12.34, spread: [12, 13] },
          { x: '1024', y: 31, spread: [31, 31] },
        ],
      },
    ],
  ]);
});

test.each([PLOT, { ...PLOT, kind: 'bar' as const, scale: {} }])(
  'a plot is drawn as SVG, twice the same: $kind',
  (plot) => {
    const series = seriesOf(plot, ROWS);
    const svg = drawPlot(plot, series);
    expect(svg).toMatch(/^<svg [^>]*width="860"/);
    for (const text of ['Times of a trial', 'transactions', 'the target']) expect(svg).toContain(`>${text}</text>`);
    expect(drawPlot(plot, series)).toBe(svg);
  },
);

test('the committed report is what the committed rows give', async () => {
  const folder = join(packageRoot(import.meta.url), 'benchmarks');
  const files = await makeReport(join(folder, 'results'));
  for (const [path, content] of files) {
    expect(await readFile(join(folder, path), 'utf8'), `${path}: run npm run bench:report`).toBe(content);
  }
  const plots = (await readdir(join(folder, 'plots')).catch(() => [])).map((name) => `plots/${name}`);
  expect(plots.filter((path) => !files.has(path))).toEqual([]);
});
