import type { Row } from './scope.js';

const COLUMNS = ['name', 'median', 'unit', 'spread', 'target', 'note'];

/** Rows as a table for people; a value that misses its target is marked. */
export function formatRows(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { name, value, unit, spread, note = '' } = row;
    return [
      name,
      formatValue(value),
      unit,
      `${formatValue(spread[0])} to ${formatValue(spread[1])}`,
      verdictOf(row),
      note,
    ];
  });
  const table = [COLUMNS, ...lines];
  const widths = COLUMNS.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const format = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return `${table.map((cells) => format(cells).trimEnd()).join('\n')}\n`;
}

/** Whether a value keeps to its target; empty where it has none. */
export function verdictOf({ value, target, targetMin }: Row): string {
  const verdict = (isMet: boolean) => (Number.isNaN(value) ? 'not measured' : isMet ? 'met' : 'MISSED');
  if (target !== undefined) return `at most ${target}: ${verdict(value <= target)}`;
  if (targetMin !== undefined) return `at least ${targetMin}: ${verdict(value >= targetMin)}`;
  return '';
}

/** Three digits that count. */
export function formatValue(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
