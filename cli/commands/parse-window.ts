import { InvalidArgumentError } from 'commander';

const WINDOW_MAX_MS = 604_800_000;
const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A proving window in milliseconds, of `90s`, `8m` and the like; a number alone is seconds. */
export function parseWindow(text: string): number {
  const [, digits, unit = 's'] = /^(\d{1,9})(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (digits !== undefined && ms >= 1 && ms <= WINDOW_MAX_MS) return ms;
  throw new InvalidArgumentError('It must be a time of at most 7 days, as in 90s, 8m or 1h.');
}
