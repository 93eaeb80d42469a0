import { beforeAll, test } from 'vitest';
import { describeProver } from '../../tests/conformance/prover.js';
import { workingProver } from '../../tests/support/child-processes.js';
import { buildPart } from '../../tests/support/fixture.js';
import { testSrs } from '../../tests/support/proving-kit.js';
import { createProver } from './create-prover.js';

const srs = await testSrs();

// The WASM prover runs compiled code in a process of its own.
beforeAll(() => buildPart('native'));

describeProver('native prover', {
  create: () => createProver({ kind: 'native', srs }),
  untilProving: () => workingProver(),
});

// `bb` itself speaks the command line that external provers speak.
describeProver('external prover', {
  create: () => createProver({ kind: 'external', srs, executable: srs.bbPath }),
  untilProving: () => workingProver(),
});

if (srs.name === 'canonical') {
  describeProver('WASM prover', {
    create: () => createProver({ kind: 'wasm', srs }),
    // It compiles for half a second of CPU time before it proves.
    untilProving: () => workingProver(1_500),
  });
} else {
  test('WASM prover', (context) => {
    context.skip('WASM takes the canonical SRS only; name a folder with it in ESPALIER_CANONICAL_SRS');
  });
}
