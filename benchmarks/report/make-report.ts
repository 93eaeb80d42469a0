import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readKeptRows } from '../kept-rows.js';
import { SCOPES } from '../scopes/index.js';
import { drawPlot } from './draw-plot.js';
import { PLOTS } from './plots.js';
import { renderReport } from './render-report.js';
import { TARGETS } from './targets.js';

/** The files of the report on the rows in a folder, by their paths below `benchmarks/`. */
export async function makeReport(results: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(results)).filter((name) => name.endsWith('.jsonl')).sort();
  const rows = (await Promise.all(names.map((name) => readKeptRows(join(results, name))))).flat();
  const descriptions = Object.fromEntries(Object.entries(SCOPES).map(([name, { description }]) => [name, description]));
  const { markdown, plots } = renderReport(rows, PLOTS, descriptions, TARGETS);
  const pictures = plots.map(({ plot, series }) => [`plots/${plot.name}.svg`, drawPlot(plot, series)] as const);
  return new Map([['REPORT.md', markdown], ...pictures]);
}
