import { expect, test } from 'vitest';
import { verifiedText } from './verified-text.js';
import type { VerifiedFacts } from './verify-finished.js';

const facts: VerifiedFacts = {
  blockId: 'b'.repeat(64),
  srs: 'canonical',
  transactions: 2,
  gasUsed: 208,
  startRoot: '0x1',
  endRoot: '0x2',
  keysHash: '0x3',
  keysArePublished: false,
  proverVersion: '5.0.0',
};

test('says that keys were computed here because none are published', () => {
  expect(verifiedText(facts)).toMatch(
    /\n {2}keys 0x3 \(computed here from the circuits: none are published for the canonical SRS with bb 5\.0\.0\)\n/,
  );
  expect(verifiedText({ ...facts, srs: 'development', keysArePublished: true })).toMatch(
    /\n {2}keys 0x3 \(the published set\)\n {2}SRS development: anyone can forge/,
  );
});
