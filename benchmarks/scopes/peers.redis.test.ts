import { expect, it } from 'vitest';
import { findPeerNode, type PeerNode } from '../aztec/peer-node.js';
import type { Row } from '../scope.js';
import type { PeerName } from '../side-by-side/peer-measures.js';
import { measurePeers } from './peers.js';

const fleet = { shape: { transactions: 3, calls: 1 }, slots: 3, warmUps: 0 };
const latency = { samples: 3, warmUps: 1, holdMsMax: 5 };
const TINY = {
  drain: fleet,
  latency,
  makespan: { ...fleet, jobMs: 5 },
  memory: { transactions: 300, calls: 0 },
  polling: { warmUps: 0, latency: { ...latency, samples: 2 } },
};
const NODE = { path: process.execPath, aztecMissing: 'it is left out' };

async function measureTiny(node: PeerNode, wanted?: readonly PeerName[]) {
  const rows = await measurePeers(TINY, node, 1, () => {}, wanted);
  const measured = rows.filter(({ unit }) => unit !== 'cores');
  const ofAztec = measured.filter(({ name }) => name.includes('aztec'));
  return { ofAztec, others: measured.filter((row) => !ofAztec.includes(row)) };
}

/** So few jobs take less memory than a process has more or less of by itself. */
function expectMeasured(rows: readonly Row[]): void {
  for (const { name, value } of rows) {
    if (name.startsWith('peers/memory/')) expect(value, name).not.toBeNaN();
    else expect(value, name).toBeGreaterThan(0);
  }
}

it("measures Espalier and BullMQ's flows side by side, and says why Aztec is not", async () => {
  const { ofAztec, others } = await measureTiny(NODE);
  expect(others.map(({ name }) => name)).toContain('peers/drain/ratio-to-bullmq-flow-tuned');
  expectMeasured(others);
  expect(others.find(({ name }) => name === 'peers/memory/espalier/queue')?.note).toMatch(/of which \d+ are queued$/);
  expect(ofAztec.map(({ name }) => name)).toContain('peers/drain/ratio-to-aztec-tuned');
  for (const { value, note } of ofAztec) expect([value, note]).toEqual([Number.NaN, 'not runnable: it is left out']);
}, 180_000);

it('measures Aztec where benchmarks/peers/setup.sh has set it up, and points to that elsewhere', async () => {
  const node = await findPeerNode();
  if (node.aztecMissing !== undefined) {
    expect(node.aztecMissing).toContain('benchmarks/peers/setup.sh');
    return;
  }
  const { ofAztec } = await measureTiny(node, ['espalier', 'aztec-tuned']);
  const measured = ofAztec.filter(({ name }) => !name.includes('aztec-defaults'));
  expect(measured).toHaveLength(2 + 3 + 4 + 1 + 2);
  expectMeasured(measured);
}, 300_000);
