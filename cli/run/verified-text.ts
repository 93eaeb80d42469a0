import type { VerifiedFacts } from './verify-finished.js';

/** What a verified root proof says, in words. */
export function verifiedText(facts: VerifiedFacts): string {
  const keys = facts.keysArePublished
    ? 'the published set'
    : `computed here from the circuits: none are published for the ${facts.srs} SRS with bb ${facts.proverVersion}`;
  return [
    `verified: the root proof of block ${facts.blockId}`,
    `  transactions ${facts.transactions}, gas used ${facts.gasUsed}`,
    `  state root ${facts.startRoot} -> ${facts.endRoot}`,
    `  keys ${facts.keysHash} (${keys})`,
    facts.srs === 'canonical'
      ? '  SRS canonical'
      : '  SRS development: anyone can forge such proofs; a verifier on the canonical SRS refuses this one',
  ].join('\n');
}
