import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { TestCluster } from './support/test-cluster.js';
import { withCluster } from './support/with-cluster.js';

const FAULTY = fileURLToPath(new URL('./programs/faulty-worker.mjs', import.meta.url));

/** A worker that is started again whenever it dies, as Kubernetes would. Returns the way to end that. */
function supervise(cluster: TestCluster, machine: string, env: Record<string, string>): () => Promise<void> {
  let wanted = true;
  const supervised = (async () => {
    while (wanted) {
      const program = await cluster.worker(machine, { program: FAULTY, env }).catch(() => undefined);
      await program?.exited;
    }
  })();
  return async () => {
    wanted = false;
    cluster.kill(machine);
    await supervised;
  };
}

test('a worker that dies of every job is no reason to fail: a healthy one proves the block', () =>
  withCluster({ simulateMs: 100 }, async (cluster) => {
    await cluster.orchestrator('o1');
    const end = supervise(cluster, 'cursed', { FAULT: 'exit' });
    const block = await cluster.block([1, 0]);
    await cluster.submit(block);
    await cluster.until(
      (event) => event.kind === 'job-retried' && (event.error as { code: string }).code === 'lease-lost',
    );
    await cluster.worker('healthy');
    await cluster.expectProven(block);
    await end();
    await cluster.expectNothingLeft([block]);
  }));

test(
  'a job that kills workers on two machines is quarantined, with its inputs kept for replay',
  { timeout: 120_000 },
  () =>
    withCluster({ simulateMs: 100 }, async (cluster) => {
      await cluster.orchestrator('o1');
      const env = { FAULT: 'exit', FAULT_CIRCUITS: 'root-rollup' };
      const ends = ['m1', 'm2'].map((machine) => supervise(cluster, machine, env));
      const block = await cluster.block([0, 1]);
      const id = await cluster.submit(block);
      const result = await cluster.ended(id);
      expect(result).toMatchObject({
        state: 'failed',
        error: { code: 'job-quarantined', message: expect.stringMatching(/m1.*m2|m2.*m1/) },
        failedJob: expect.stringMatching(/^root-rollup\./),
      });
      await Promise.all(ends.map((end) => end()));
      const replayed = await cluster.command(['replay', result.failedJob ?? '', '--prover', 'simulated']);
      expect(replayed.output).toMatch(/root-rollup/);
      await cluster.expectNothingLeft([block]);
    }),
);

test(
  'a worker that makes false proofs is drained; none of them is stored; another proves the block',
  { timeout: 120_000 },
  () =>
    withCluster({ simulateMs: 50 }, async (cluster) => {
      await cluster.orchestrator('o1');
      const liar = await cluster.worker('liar', { program: FAULTY, env: { FAULT: 'falseProof' } });
      const block = await cluster.block([0, 0, 0, 0]);
      await cluster.submit(block);
      const { code } = await liar.exited;
      expect(code).toBe(0);
      expect(liar.output).toMatch(/drain/);
      await cluster.worker('honest');
      await cluster.expectProven(block);
      await cluster.expectNothingLeft([block]);
    }),
);

test('a proof that is damaged in the store is noticed, dropped and made again', () =>
  withCluster({ simulateMs: 400 }, async (cluster) => {
    await cluster.orchestrator('o1');
    await cluster.worker('w1');
    const block = await cluster.block([1, 1]);
    const id = await cluster.submit(block);
    const { jobId } = await cluster.until(
      (event) => event.kind === 'job-proven' && String(event.jobId).startsWith('public-vm'),
    );
    const path = join(cluster.folder, 'store', 'faults', 'proofs', String(jobId));
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    await writeFile(path, bytes);
    await cluster.until((event) => event.kind === 'proof-corrupt' && event.jobId === jobId);
    expect(await cluster.ended(id)).toMatchObject({ state: 'proven' });
    await cluster.expectNothingLeft([block]);
  }));

test('a prover that always crashes fails the block with the exact error', () =>
  withCluster({ simulateMs: 20 }, async (cluster) => {
    await cluster.orchestrator('o1');
    await cluster.worker('w1', { program: FAULTY, env: { FAULT: 'crash', FAULT_CIRCUITS: 'base-rollup-private' } });
    const block = await cluster.block([0, 0]);
    const id = await cluster.submit(block);
    expect(await cluster.ended(id)).toMatchObject({
      state: 'failed',
      error: { code: 'attempts-exhausted', message: expect.stringContaining('failed 4 times with prover-crashed') },
    });
    await cluster.expectNothingLeft([block]);
  }));
