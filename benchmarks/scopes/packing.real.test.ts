import { expect, test } from 'vitest';
import { splitsOf } from '../../cli/index.js';
import { probeMachine } from '../../native/index.js';
import { requestFor, testSrs } from '../../tests/support/proving-kit.js';
import { startedProver } from '../../tests/support/started-prover.js';
import { packingRows } from './packing.js';

test('a small proof is made in each split of the cores', async () => {
  const prover = await startedProver({ kind: 'native', srs: await testSrs() });
  const request = { ...(await requestFor(prover)), name: 'public-vm' } as const;
  const rows = await packingRows({ prover }, request, { repetitions: 2, progress: () => {} });
  const { cores } = await probeMachine();
  expect(rows.map(({ name }) => name)).toEqual(
    splitsOf(cores).flatMap(({ proofs, threads }) => {
      return ['rate', 'proof', 'memory'].map((what) => `packing/public-vm/${proofs}x${threads}/${what}`);
    }),
  );
  for (const { name, value } of rows) expect([name, value > 0]).toEqual([name, true]);
});
