import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CircuitSet, loadCircuits, publishedKeysPath } from '../../circuits/index.js';
import type { ProverIdentity, SrsName } from '../../proto/index.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { openVerifier } from './open-verifier.js';

/** With the real `bb`, and no SRS and no keys in reach but those that are published. */
async function open(srs: 'canonical' | 'development', cache: string, circuits?: CircuitSet) {
  // Nobody listens there.
  const env = { HOME: cache, ESPALIER_CACHE: cache, ESPALIER_SRS_HOSTS: 'http://127.0.0.1:1' };
  const silent = { onWarning: () => undefined, onWait: () => undefined };
  const engine = await openVerifier({ srs, env, ...silent }, circuits);
  onTestFinished(() => engine.stop());
  return engine;
}

const identityWith = ({ version }: ProverIdentity, srs: SrsName): ProverIdentity => ({ kind: 'native', version, srs });

test('needs no SRS where the keys are published, or computed already', async () => {
  const cache = await tempFolder();
  const { keys, prover } = await open('development', cache);
  expect(keys.arePublished).toBe(true);
  expect(prover.identity.srs).toBe('development');
  expect(existsSync(join(cache, 'srs', 'development'))).toBe(false);

  await mkdir(join(cache, 'keys'));
  const published = publishedKeysPath(identityWith(prover.identity, 'development'));
  await copyFile(published, join(cache, 'keys', `canonical-${prover.identity.version}.json`));
  const canonical = await open('canonical', cache);
  expect(canonical.keys.arePublished).toBe(false);
  expect(canonical.prover.identity.srs).toBe('canonical');
});

test('asks for a whole SRS where a key has to be computed', async () => {
  await expectCode(open('canonical', await tempFolder()), 'srs-missing', /canonical SRS/);
});

test('refuses circuits that the published keys do not fit, and computes none for them', async () => {
  const compiled = loadCircuits();
  const changed: CircuitSet = {
    circuit: (name) =>
      name === 'merge-rollup' ? { ...compiled.circuit(name), bytecodeHash: 'changed' } : compiled.circuit(name),
  };
  const error = await expectCode(
    open('development', await tempFolder(), changed),
    'verification-failed',
    /^the keys published for the development SRS and bb 5\S+ are not those of the compiled circuits \(merge-rollup\)$/,
  );
  expect(error.remedy).toMatch(/use the release of espalier that made the proof.*npm run build:keys/);
});
