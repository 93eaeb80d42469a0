import { relative } from 'node:path';
import { formatDuration, formatPlural } from '../format.js';
import type { Manifest } from '../manifest/index.js';

/** What a person wants to know at the end of a run: what was proven, how fast, with which SRS, and where it is. */
export function summaryText(manifest: Manifest, folder: string): string {
  const { block, times, srs } = manifest;
  const path = relative(process.cwd(), folder) || '.';
  const trust =
    srs === 'canonical'
      ? 'SRS: canonical'
      : srs === 'development'
        ? 'SRS: development — anyone can forge proofs made with it; not for production'
        : 'simulated: these proofs prove nothing';
  return [
    `block ${block.id.slice(0, 16)}… is proven and its root proof verified`,
    `${formatPlural(block.transactions, 'transaction')}, ${formatPlural(block.calls, 'call')}, ${formatPlural(block.jobs, 'proof')}`,
    `makespan ${formatDuration(times.makespanMs)}, critical path ${formatDuration(times.criticalPathMs)}, work ${formatDuration(times.workMs)}`,
    trust,
    `${path}/: root/ (proof, public_inputs, vk), manifest.json; check with \`espalier verify ${path}\``,
  ].join('\n');
}
