import type { WorkerInfo } from '../../proto/index.js';

type Prover = Pick<WorkerInfo, 'workerId' | 'prover'>;

/** What is to be said of a living worker whose proofs do not fit to this one's; null where there is none. */
export function mixedFleetMessage(others: readonly Prover[], own: Prover): string | null {
  const odd = others.find((other) => systemOf(other) !== systemOf(own));
  if (odd !== undefined) {
    return (
      `worker ${odd.workerId} makes ${systemOf(odd)}, this one ${systemOf(own)}: each gets jobs of blocks of its own ` +
      'kind only, and none of the other'
    );
  }
  const { version } = own.prover;
  const other = others.find(({ prover }) => prover.version !== version);
  if (other === undefined) return null;
  return (
    `worker ${other.workerId} proves with version ${other.prover.version} of the prover, this one with ${version}: ` +
    'they share jobs only where the keys of their circuits are the same'
  );
}

function systemOf({ prover: { kind, srs } }: Prover): string {
  return kind === 'simulated' ? 'simulated proofs' : `proofs with the ${srs} SRS`;
}
