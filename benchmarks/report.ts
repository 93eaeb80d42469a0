import type { Row } from './scope.js';

/** Rows as a table for people; a value that misses its target is marked. */
export function formatRows(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { name, value, unit, spread } = row;
    return [name, round(value), unit, `${round(spread[0])} to ${round(spread[1])}`, verdict(row)];
  });
  const table = [['name', 'median', 'unit', 'spread', 'target'], ...lines];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const format = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  return `${table.map((cells) => format(cells).trimEnd()).join('\n')}\n`;
}

function verdict({ value, target, targetMin }: Row): string {
  if (target !== undefined) return `at most ${target}: ${value <= target ? 'met' : 'MISSED'}`;
  if (targetMin !== undefined) return `at least ${targetMin}: ${value >= targetMin ? 'met' : 'MISSED'}`;
  return '';
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
