import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CircuitName, type CompiledCircuit, type ProverIdentity, toHex } from '../proto/index.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { CATALOGUE } from './catalogue.js';
import { type CircuitSet, loadCircuits } from './circuit-set.js';
import { findKeys, loadKeys, misfitsOfPublished } from './keys.js';

const identity: ProverIdentity = { kind: 'native', version: '0.0.0-test', srs: 'canonical' };

function circuitSet(version: string): CircuitSet {
  return {
    circuit: (name) => ({
      spec: CATALOGUE[name],
      bytecodeHash: `${version} ${name}`,
      bytecode: new Uint8Array(),
      artifact: { abi: {}, bytecode: '', noir_version: '' },
    }),
  };
}

/** Loads the keys and says which ones had to be made. */
async function load(circuits: CircuitSet, cacheFolder: string) {
  const made: CircuitName[] = [];
  const computeKey = async ({ spec }: CompiledCircuit) => {
    made.push(spec.name);
    return { bytes: Uint8Array.of(1, 2, 3), fields: [], hash: toHex(BigInt(made.length)) };
  };
  const keys = await loadKeys({ circuits, identity, cacheFolder, computeKey });
  return { keys, made };
}

test('makes each key once, keeps it, and makes it again for another circuit', async () => {
  const cacheFolder = await tempFolder();
  const first = await load(circuitSet('one'), cacheFolder);
  expect(first.made).toHaveLength(9);
  expect(first.keys.arePublished).toBe(false);
  const second = await load(circuitSet('one'), cacheFolder);
  expect(second.made).toEqual([]);
  expect(second.keys.key('root-rollup').hash).toBe(first.keys.key('root-rollup').hash);
  expect([...second.keys.key('root-rollup').bytes]).toEqual([1, 2, 3]);
  const found = await findKeys({ circuits: circuitSet('one'), identity, cacheFolder });
  expect(found.get('client')).toMatchObject({ key: { hash: first.keys.hashes.client }, isPublished: false });
  expect((await findKeys({ circuits: circuitSet('two'), identity, cacheFolder })).size).toBe(0);
  expect((await load(circuitSet('two'), cacheFolder)).made).toHaveLength(9);
});

test('tells circuits that the published keys do not fit from those of which none are published', async () => {
  const published: ProverIdentity = { kind: 'native', version: '5.0.0-nightly.20260710', srs: 'development' };
  const compiled = loadCircuits();
  const changed: CircuitSet = {
    circuit: (name) => (name === 'merge-rollup' ? circuitSet('one') : compiled).circuit(name),
  };
  expect(await misfitsOfPublished({ circuits: compiled, identity: published })).toEqual([]);
  expect(await misfitsOfPublished({ circuits: changed, identity: published })).toEqual(['merge-rollup']);
  expect(await misfitsOfPublished({ circuits: compiled, identity })).toBeNull();
});

test('makes the keys again where a power cut left half a file', async () => {
  const cacheFolder = await tempFolder();
  await load(circuitSet('one'), cacheFolder);
  const path = join(cacheFolder, 'keys', 'canonical-0.0.0-test.json');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.slice(0, text.length / 2));
  expect((await load(circuitSet('one'), cacheFolder)).made).toHaveLength(9);
  expect(await readFile(path, 'utf8')).toBe(text);
});
