import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CATALOGUE } from '../../circuits/index.js';
import type { CircuitName, ProverKind } from '../../proto/index.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { medianTimes, ProvingTimes } from './proving-times.js';

interface Sample {
  readonly circuit?: CircuitName;
  readonly kind?: ProverKind;
  readonly version?: string;
  readonly threads?: number;
  readonly wallMs?: number;
}

async function recorded(cacheFolder: string, ...samples: Sample[]) {
  const times = new ProvingTimes(cacheFolder);
  for (const { circuit = 'public-vm', kind = 'native', version = '5.0.0', threads = 2, wallMs = 1_000 } of samples) {
    const prover = { kind, version, srs: 'development' } as const;
    times.record({ circuit: { spec: CATALOGUE[circuit], bytecodeHash: 'aa' }, prover, threads, wallMs });
  }
  await times.flush();
  return new ProvingTimes(cacheFolder).read();
}

test('keeps times by circuit, prover and threads over runs, the latest first', async () => {
  const folder = await tempFolder();
  expect(await new ProvingTimes(folder).read()).toEqual([]);
  await recorded(folder, { wallMs: 1_000 }, { wallMs: 3_000 }, { threads: 4, wallMs: 700 });
  const times = await recorded(folder, { circuit: 'client' }, { wallMs: 2_000 });
  expect(times.map(({ circuit, threads, wallMs }) => [circuit, threads, wallMs])).toEqual([
    ['public-vm', 2, [1_000, 3_000, 2_000]],
    ['client', 2, [1_000]],
    ['public-vm', 4, [700]],
  ]);
  expect([...medianTimes(times, 'native')]).toEqual([
    ['public-vm', 2_000],
    ['client', 1_000],
  ]);
  expect(medianTimes(times, 'wasm').size).toBe(0);
});

test('does not take a simulated prover for the machine', async () => {
  expect(await recorded(await tempFolder(), { kind: 'simulated' }, { wallMs: 0 })).toEqual([]);
});

test('stays small', async () => {
  const folder = await tempFolder();
  const many = Array.from({ length: 30 }, (_, wallMs) => ({ wallMs: wallMs + 1 }));
  const versions = Array.from({ length: 80 }, (_, version) => ({ version: String(version) }));
  const times = await recorded(folder, ...versions, ...many);
  expect(times).toHaveLength(64);
  expect(times[0]?.wallMs).toEqual(many.slice(-15).map(({ wallMs }) => wallMs));
  expect(times[1]?.version).toBe('79');
});

test('starts again where the file is damaged, and minds no cache that cannot be written', async () => {
  const folder = await tempFolder();
  await recorded(folder, {});
  const [name = ''] = await readdir(join(folder, 'measures'));
  const path = join(folder, 'measures', name);
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, 20));
  expect(await recorded(folder, { wallMs: 5 })).toMatchObject([{ wallMs: [5] }]);
  expect(await recorded(path, {})).toEqual([]);
});
