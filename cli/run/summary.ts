import { relative } from 'node:path';
import { formatDuration, formatPlural } from '../format.js';
import type { Manifest } from '../manifest/index.js';

/** What a person wants to know at the end of a run: what was proven, how fast, with which SRS, and where it is. */
export function summaryText(manifest: Manifest, folder: string, cwd: string): string {
  const { block, times, srs } = manifest;
  const path = relative(cwd, folder) || '.';
  const id = `block ${block.id.slice(0, 16)}…`;
  const isSimulated = srs === 'none';
  const lost = manifest.jobs.filter(({ proofs }) => proofs === 0).length;
  return [
    ...(isSimulated
      ? [
          'SIMULATED: nothing was proven; these proofs stand in for real ones, and no verifier accepts them',
          `${id} is done`,
        ]
      : [`${id} is proven and its root proof verified`]),
    `${formatPlural(block.transactions, 'transaction')}, ${formatPlural(block.calls, 'call')}, ${formatPlural(block.jobs, isSimulated ? 'simulated proof' : 'proof')}`,
    `makespan ${formatDuration(times.makespanMs)}, critical path ${formatDuration(times.criticalPathMs)}, work ${formatDuration(times.workMs)}`,
    ...(lost === 0
      ? []
      : [`the record of how ${formatPlural(lost, 'proof')} came to be is lost: these times leave it out`]),
    ...(isSimulated ? [] : [TRUST[srs]]),
    isSimulated
      ? `${path}/: manifest.json, and root/ with the simulated proof`
      : `${path}/: root/ (proof, public_inputs, vk), manifest.json; check with \`espalier verify ${path}\``,
  ].join('\n');
}

const TRUST = {
  canonical: 'SRS: canonical',
  development: 'SRS: development: anyone can forge proofs made with it; not for production',
} as const;
