import { expect, it } from 'vitest';
import { requestFor, testSrs } from '../../tests/support/proving-kit.js';
import { startedProver } from '../../tests/support/started-prover.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { BareBb } from './bare-bb.js';

const srs = await testSrs();

it('makes proofs that verify, time and again, and says what bb says when it fails', async () => {
  const prover = await startedProver({ kind: 'native', srs });
  const request = await requestFor(prover);
  const bare = new BareBb(srs, 1, await tempFolder());
  const prove = await bare.prepare('job', request);
  for (const { proof, usage } of [await prove(), await prove()]) {
    expect(proof.publicInputs).toEqual(request.publicInputs);
    expect(await prover.verify({ ...request, proof })).toBe(true);
    expect(usage.wallMs).toBeGreaterThan(5);
    expect(usage.peakMemoryBytes).toBeGreaterThan(5e6);
  }
  const proveNothing = await bare.prepare('broken', { ...request, witness: new Uint8Array([1, 2, 3]) });
  await expect(proveNothing()).rejects.toThrow(/bare bb prove of broken ended with/);
});
