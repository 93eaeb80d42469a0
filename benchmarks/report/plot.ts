import type { Row } from '../scope.js';

/**
 * A picture of some rows. A row whose name matches `points` is one point of it: the groups `series` and `x` of the
 * expression say where it belongs.
 */
export interface Plot {
  /** Its file, without `.svg`, and the scope whose section it stands in: what comes before the first dash. */
  readonly name: string;
  readonly title: string;
  /** What is along the horizontal axis; a unit of it too, where it has one. */
  readonly xLabel: string;
  readonly yLabel: string;
  /** Lines are for numbers along the horizontal axis, bars for names. */
  readonly kind: 'bar' | 'line';
  readonly points: RegExp;
  readonly scale?: { readonly x?: 'log'; readonly y?: 'log' };
  /** A level to compare with. */
  readonly limit?: { readonly value: number; readonly label: string };
}

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: string; readonly y: number; readonly spread: Row['spread'] }[];
}

/** What a plot shows of these rows, series and points in the order of the rows; none where it has nothing to show. */
export function seriesOf({ points }: Plot, rows: readonly Row[]): readonly Series[] {
  const series = new Map<string, Series['points'][number][]>();
  for (const { name, value, spread } of rows) {
    const groups = points.exec(name)?.groups;
    if (groups === undefined || Number.isNaN(value)) continue;
    const { series: of = '', x = '' } = groups;
    const known = series.get(of) ?? [];
    series.set(of, known);
    known.push({ x, y: value, spread });
  }
  return [...series].map(([name, of]) => ({ name, points: of }));
}
