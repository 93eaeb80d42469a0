import { expect, it } from 'vitest';
import type { ProverIdentity } from '../../proto/index.js';
import { mixedFleetMessage } from './mixed-fleet-message.js';

const worker = (workerId: string, prover: Partial<ProverIdentity>) => ({
  workerId,
  prover: { kind: 'native', version: '5.0.0', srs: 'canonical', ...prover } as const,
});

it('says that workers whose proofs do not fit together get no jobs of each other', () => {
  const own = worker('a', {});
  expect(mixedFleetMessage([worker('b', {})], own)).toBeNull();
  expect(mixedFleetMessage([worker('b', {}), worker('c', { srs: 'development' })], own)).toBe(
    'worker c makes proofs with the development SRS, this one proofs with the canonical SRS: ' +
      'each gets jobs of blocks of its own kind only, and none of the other',
  );
  const dry = worker('d', { kind: 'simulated', version: '1', srs: 'none' });
  expect(mixedFleetMessage([dry], own)).toMatch(/^worker d makes simulated proofs, this one proofs with/);
  expect(mixedFleetMessage([dry], dry)).toBeNull();
  expect(mixedFleetMessage([worker('e', { version: '5.1.0' })], own)).toMatch(/^worker e proves with version 5\.1\.0 /);
});
