import { formatDuration, formatPlural, formatTable } from '../format.js';
import { oneLine } from '../report-error.js';
import type { ProverTally, SignatureState } from './tally-provers.js';

/** Digits of a public key that are shown; `--json` has all. */
const KEY_CHARS = 16;

const SIGNATURES: Readonly<Record<SignatureState, string>> = { good: 'good', bad: 'BAD', missing: 'MISSING' };

export interface ProversView {
  readonly blockId: string;
  /** Jobs of the block; 0 where it is not planned yet. */
  readonly jobs: number;
  readonly provers: readonly ProverTally[];
}

/** Who proved what, a line for each key and worker, and what it comes to. */
export function renderProvers({ blockId, jobs, provers }: ProversView): string {
  const credited = provers.filter(({ signature }) => signature === 'good');
  const doubtful = provers.filter(({ signature }) => signature !== 'good');
  const count = (tallies: readonly ProverTally[]) => tallies.reduce((sum, { proofs }) => sum + proofs, 0);
  const known = `block ${blockId}: who made ${count(provers)} of ${formatPlural(jobs, 'proof')} is known\n`;
  if (provers.length === 0) return known;
  const table = formatTable(provers.map(row), {
    header: ['key', 'worker', 'signature', 'proofs', 'proving', 'core time', 'circuits'],
    align: ['left', 'left', 'left', 'right', 'right', 'right', 'left'],
  });
  const coreMs = credited.reduce((sum, tally) => sum + tally.coreMs, 0);
  const warning =
    doubtful.length === 0
      ? ''
      : `${formatPlural(count(doubtful), 'proof')} without a good signature: credited to nobody\n`;
  return `${known}\n${table}\nto be credited: ${formatPlural(count(credited), 'proof')}, ${formatDuration(coreMs)} of core time\n${warning}`;
}

function row(tally: ProverTally): readonly string[] {
  return [
    tally.publicKey === null ? '-' : `${oneLine(tally.publicKey).slice(0, KEY_CHARS)}…`,
    oneLine(tally.workerId),
    SIGNATURES[tally.signature],
    String(tally.proofs),
    formatDuration(tally.provingMs),
    formatDuration(tally.coreMs),
    Object.entries(tally.byCircuit)
      .map(([circuit, proofs]) => `${circuit} ${proofs}`)
      .join(', '),
  ];
}
