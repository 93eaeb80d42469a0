import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatPlural, formatTable } from './format.js';

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [-5, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [12_340, '12.3 s'],
    [59_949, '59.9 s'],
    [59_999, '1m 00s'],
    [161_000, '2m 41s'],
    [3_599_600, '1h 00m'],
    [3_840_000, '1h 04m'],
    [86_399_000, '1d 00h'],
    [183_600_000, '2d 03h'],
    [Number.NaN, '-'],
    [Number.POSITIVE_INFINITY, '-'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [13_120, '12.8 KiB'],
    [1_048_575, '1.0 MiB'],
    [2_040_109_466, '1.9 GiB'],
    [5e15, '4547.5 TiB'],
    [Number.NaN, '-'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

it('puts commas between thousands and an s behind more than one', () => {
  expect(formatCount(146_213)).toBe('146,213');
  expect([formatPlural(0, 'call'), formatPlural(1, 'call'), formatPlural(1024, 'call')]).toEqual([
    '0 calls',
    '1 call',
    '1,024 calls',
  ]);
});

it('aligns the columns of a table, to either side, and leaves no space at line ends', () => {
  const rows = [
    ['public-vm', '146,213', 'vm'],
    ['base', '9', ''],
  ];
  const table = formatTable(rows, { header: ['circuit', 'gates', 'class'], align: ['left', 'right'] });
  expect(table).toBe(['circuit      gates  class', 'public-vm  146,213  vm', 'base             9', ''].join('\n'));
  expect(formatTable([])).toBe('');
});
