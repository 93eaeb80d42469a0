/** Text forms of figures, for people. Anything that is not a finite number is `-`. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Milliseconds as `420 ms`, `12.3 s`, `2m 41s`, `1h 04m` or `2d 03h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '-';
  const clamped = Math.max(0, ms);
  if (Math.round(clamped) < 1000) return `${Math.round(clamped)} ms`;
  if (clamped < 59_950) return `${(clamped / 1000).toFixed(1)} s`;
  const seconds = Math.round(clamped / 1000);
  if (seconds < HOUR_MS / 1000) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  const minutes = Math.round(clamped / MINUTE_MS);
  if (minutes < DAY_MS / MINUTE_MS) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  const hours = Math.round(clamped / HOUR_MS);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large}${largeUnit} ${String(small).padStart(2, '0')}${smallUnit}`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes as `512 B`, `12.8 KiB`, `1.9 GiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '-';
  let value = Math.max(0, bytes);
  let unit = 0;
  // 1023.95 would print as 1024.0.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** A whole number with commas between thousands: `146,213`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '-';
}

/** `1 job`, `3 jobs`, `1,024 jobs`. */
export function formatPlural(count: number, singular: string): string {
  return `${formatCount(count)} ${singular}${count === 1 ? '' : 's'}`;
}

export interface TableOptions {
  readonly header?: readonly string[];
  /** By column; `left` where missing. */
  readonly align?: readonly ('left' | 'right')[];
}

/** Rows in aligned columns, two spaces apart, one line a row, each ended by a newline. Rows may differ in length. */
export function formatTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const all = options.header ? [options.header, ...rows] : rows;
  const widths: number[] = [];
  for (const row of all) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  const format = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return options.align?.[column] === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return all.map((row) => `${format(row)}\n`).join('');
}
