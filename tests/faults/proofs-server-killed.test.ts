import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient, readBlockParts } from '../../client/index.js';
import { EmbeddedServer } from './support/embedded-server.js';

/** An embedded orchestrator keeps no history of its blocks: one that was killed looks for all proofs anew. */

const JOBS = 2 * 4 + 4 + 3;

let server: EmbeddedServer;

beforeAll(async () => {
  server = await EmbeddedServer.start(['--simulate-ms', '300']);
  await server.block('block.json', '--txs', '4', '--calls', '1');
});

afterAll(() => server.stop());

test("the server is killed while a block's proofs are read: each comes once", async () => {
  const client = createClient({ server: server.address });
  try {
    const parts = () => readBlockParts(`${server.folder}/block.json`);
    const { blockId } = await client.submit(parts, { keepProofs: true });
    const jobs: string[] = [];
    let end = '';
    for await (const item of client.proofs(blockId.slice(0, 8), { everyLevel: true })) {
      if (item.kind === 'ended') end = item.block.state;
      else jobs.push(item.kind === 'proof' ? item.proof.jobId : `replaced ${item.jobId}`);
      // Twice: the second time there is much that came before.
      if (jobs.length === 3 || (jobs.length === 8 && end === '')) {
        await server.kill();
        await server.start();
      }
    }
    expect(end).toBe('proven');
    expect(jobs).toHaveLength(JOBS);
    expect(new Set(jobs).size).toBe(JOBS);
    expect(jobs.filter((job) => job.startsWith('replaced'))).toEqual([]);
  } finally {
    client.close();
  }
});
