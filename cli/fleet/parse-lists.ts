import { EspalierError } from '../../common/index.js';
import type { MachineKind } from '../../orchestrator/index.js';
import { BYTES_PER_GIB, LIMITS } from '../../proto/index.js';

const ENTRIES_MAX = 8;
const MACHINES_MAX = 1_000_000;
const PRICE_MAX = 1_000_000;
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** For an option of the form `vm=…,rollup=…`: each name with what `parse` makes of its value. */
export function parseByKind<T>(
  option: string,
  what: string,
  parse: (text: string) => T | undefined,
): (text: string) => ReadonlyMap<string, T> {
  return (text) => {
    const entries = text.split(',').map((part) => {
      const [name = '', value = '', ...rest] = part.trim().split('=');
      const parsed = rest.length === 0 && NAME.test(name) ? parse(value) : undefined;
      if (parsed === undefined) throw new EspalierError('usage', `${option} must be ${what}, got "${text}"`);
      return [name, parsed] as const;
    });
    const byKind = new Map(entries);
    if (byKind.size !== entries.length || entries.length > ENTRIES_MAX) {
      throw new EspalierError('usage', `${option} names each of at most ${ENTRIES_MAX} kinds once, got "${text}"`);
    }
    return byKind;
  };
}

export const parseWorkers = parseByKind(
  '--workers',
  `numbers of machines up to ${MACHINES_MAX}, as in vm=100,rollup=400`,
  (text) => numberIn(text, /^\d+$/, 0, MACHINES_MAX),
);

export const parsePrices = parseByKind('--price', 'prices an hour, as in vm=1.20,rollup=0.30', (text) =>
  numberIn(text, /^\d+(\.\d+)?$/, 0, PRICE_MAX),
);

/** Cores, GiB and GPUs of a machine, as `32x64` or `16x64x1`. */
export const parseMachines = parseByKind(
  '--machines',
  'cores, GiB and GPUs of each kind, as in vm=32x64,rollup=8x16,gpu=16x64x1',
  (text): MachineKind['resources'] | undefined => {
    const [, cores, memory, gpus = '0'] = /^(\d{1,4})x(\d{1,5}(?:\.\d+)?)(?:x(\d{1,2}))?$/.exec(text) ?? [];
    if (cores === undefined || Number(cores) < 1 || Number(memory) <= 0) return undefined;
    return { cores: Number(cores), memoryBytes: Number(memory) * BYTES_PER_GIB, gpus: Number(gpus) };
  },
);

/** A share and how many times as long: `0.01x5`. */
export function parseStragglers(text: string): { readonly share: number; readonly factor: number } {
  const [, first, second] = /^(\d*\.?\d+)x(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const [share, factor] = [Number(first), Number(second)];
  if (share >= 0 && share <= 1 && factor >= 1 && factor <= 1_000) return { share, factor };
  throw new EspalierError(
    'usage',
    `--stragglers must be a share of the proofs and how many times as long they take, as in 0.01x5, got "${text}"`,
  );
}

export function parseShare(option: string, max: number): (text: string) => number {
  return (text) => {
    const share = numberIn(text, /^\d*\.?\d+$/, 0, max);
    if (share !== undefined) return share;
    throw new EspalierError('usage', `${option} must be a number from 0 to ${max}, got "${text}"`);
  };
}

/** Numbers of transactions: a list, or `1024..61440`, which doubles from the first to the last. */
export function parseSweep(text: string): readonly number[] {
  const [from, to, ...rest] = text.split('..');
  const sizes = to === undefined ? text.split(',').map(transactions) : doubling(transactions(from), transactions(to));
  const known = sizes.filter((size) => size !== undefined);
  if (rest.length === 0 && known.length > 0 && known.length === sizes.length && known.length <= 64) return known;
  throw new EspalierError(
    'usage',
    `--sweep must be numbers of transactions up to ${LIMITS.transactionsMax}, as in 1024..61440 or 100,200,400, got "${text}"`,
  );
}

function doubling(from: number | undefined, to: number | undefined): (number | undefined)[] {
  if (from === undefined || to === undefined || from > to) return [undefined];
  const sizes = [];
  for (let size = from; size < to; size *= 2) sizes.push(size);
  return [...sizes, to];
}

function transactions(text: string | undefined): number | undefined {
  return numberIn((text ?? '').trim(), /^\d+$/, 1, LIMITS.transactionsMax);
}

function numberIn(text: string, form: RegExp, min: number, max: number): number | undefined {
  const value = form.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
