import { formatValue, verdictOf } from '../format-rows.js';
import type { KeptRow } from '../kept-rows.js';
import { type Plot, type Series, seriesOf } from './plot.js';
import type { Target } from './targets.js';

export interface Report {
  readonly markdown: string;
  /** Pictures that it refers to, in `plots/`. */
  readonly plots: readonly { readonly plot: Plot; readonly series: readonly Series[] }[];
}

const HEAD = `# What Espalier costs, measured

Made by \`npm run bench:report\` from the rows in \`results/\`, which \`npm run bench -- SCOPE --json benchmarks/results/SCOPE.jsonl\`
wrote; not to be edited by hand. What each scope measures, and how, is in [README.md](README.md); what was slow, why, and what it is
now, in [NOTES.md](NOTES.md). Values are medians of the repetitions, in brackets the smallest and the largest.
`;

/** The report on rows of any scopes, in their order. `descriptions` are those of the scopes. */
export function renderReport(
  rows: readonly KeptRow[],
  plots: readonly Plot[],
  descriptions: Readonly<Record<string, string>>,
  wanted: readonly Target[] = [],
): Report {
  const scopes = [...new Set(rows.map(scopeOf))];
  const shown = plots.map((plot) => ({ plot, series: seriesOf(plot, rows) })).filter(({ series }) => series.length > 0);
  const sections = scopes.map((scope) => {
    const own = rows.filter((row) => scopeOf(row) === scope);
    const pictures = shown.filter(({ plot }) => plot.name.split('-')[0] === scope);
    const description = descriptions[scope];
    return [
      `## ${scope}\n`,
      ...(description === undefined ? [] : [`${sentence(description)}\n`]),
      `${provenance(own)}\n`,
      ...pictures.map(({ plot }) => `![${plot.title}](plots/${plot.name}.svg)\n`),
      table(own, scope),
    ].join('\n');
  });
  return { markdown: [HEAD, targets(rows, wanted), ...sections].join('\n'), plots: shown };
}

/** Those that were set, measured or not, then whatever else has a target. */
function targets(rows: readonly KeptRow[], wanted: readonly Target[]): string {
  const set = wanted.map(({ what, name }) => {
    const row = rows.find((one) => one.name === name);
    const measured = row === undefined ? 'not measured | ' : `${valueText(row)} | ${verdictOf(row)}`;
    return `| ${what} | ${measured} | ${name} |`;
  });
  const names = new Set(wanted.map(({ name }) => name));
  const others = rows
    .filter((row) => verdictOf(row) !== '' && !names.has(row.name))
    .map((row) => `| | ${valueText(row)} | ${verdictOf(row)} | ${row.name} |`);
  const lines = [...set, ...others];
  if (lines.length === 0) return '';
  return `## Targets\n\n| what | measured | target | row |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`;
}

function table(rows: readonly KeptRow[], scope: string): string {
  const hasNotes = rows.some(({ note }) => note !== undefined);
  const lines = rows.map((row) => {
    const note = hasNotes ? ` ${row.note ?? ''} |` : '';
    return `| ${row.name.slice(scope.length + 1)} | ${valueText(row)} |${note}`;
  });
  const head = hasNotes ? '| what | measured | |\n| --- | --- | --- |' : '| what | measured |\n| --- | --- |';
  return `${head}\n${lines.join('\n')}\n`;
}

function valueText({ value, unit, spread: [min, max] }: KeptRow): string {
  if (Number.isNaN(value)) return 'not measured';
  const spread = min === max ? '' : ` (${formatValue(min)} to ${formatValue(max)})`;
  return `${formatValue(value)} ${unit}${spread}`;
}

/** Rows of one file share their machine and day; those of several may not. */
function provenance(rows: readonly KeptRow[]): string {
  const facts = rows.map(({ machine, measuredOn, repetitions }) => {
    return `${machine}; ${measuredOn}; ${repetitions} ${repetitions === 1 ? 'repetition' : 'repetitions'}`;
  });
  return `Measured on ${[...new Set(facts)].join(', and on ')}.`;
}

function scopeOf({ name }: KeptRow): string {
  return name.slice(0, name.indexOf('/'));
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
