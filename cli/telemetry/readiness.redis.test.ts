import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Program } from '../../tests/faults/support/program.js';
import { withCluster } from '../../tests/faults/support/with-cluster.js';

/** What real processes say to probes. */

const ARGS = { args: ['--metrics-listen', '127.0.0.1:0'] };

async function probe(program: Program, path: string) {
  const { address } = await program.until(({ kind }) => kind === 'metrics');
  const response = await fetch(`http://${address}${path}`);
  return [response.status, await response.json()] as const;
}

/** What `/metrics` says of a condition. */
async function readyMetric(program: Program, check: string): Promise<string | undefined> {
  const { address } = await program.until(({ kind }) => kind === 'metrics');
  const text = await (await fetch(`http://${address}/metrics`)).text();
  return new RegExp(`^espalier_ready\\{espalier_check="${check}"\\} (\\d)$`, 'm').exec(text)?.[1];
}

const ready = (program: Program) => probe(program, '/readyz');

test('processes are ready when they take work, not while Redis is away, and not from the moment they drain', () =>
  withCluster({ simulateMs: 3_000 }, async (cluster) => {
    const orchestrator = await cluster.orchestrator('o1', ARGS);
    const worker = await cluster.worker('a', ARGS);
    const met = { ok: true };
    const checks = { queue: met, store: met };
    await expect
      .poll(() => ready(orchestrator))
      .toEqual([200, { ok: true, checks: { ...checks, verifier: met, api: met } }]);
    await expect.poll(() => ready(worker)).toEqual([200, { ok: true, checks: { ...checks, prover: met, jobs: met } }]);

    cluster.redis.pause();
    const away = { ok: false, checks: { queue: { ok: false } } };
    await expect.poll(() => ready(worker), { timeout: 10_000 }).toMatchObject([503, away]);
    await expect.poll(() => ready(orchestrator), { timeout: 10_000 }).toMatchObject([503, away]);
    for (const program of [orchestrator, worker]) {
      expect([await readyMetric(program, 'queue'), await readyMetric(program, 'store')]).toEqual(['0', '1']);
    }
    // A restart would not bring it back.
    for (const program of [orchestrator, worker]) {
      expect(await probe(program, '/healthz')).toMatchObject([200, { checks: { heart: met } }]);
    }
    cluster.redis.resume();
    await expect.poll(() => ready(worker), { timeout: 20_000 }).toMatchObject([200, { ok: true }]);

    const block = await cluster.block([1]);
    await cluster.submit(block);
    await worker.until(({ kind }) => kind === 'proof-started');
    worker.kill('SIGTERM');
    const { reason } = await worker.until(({ kind }) => kind === 'drain');
    expect(await ready(worker)).toMatchObject([503, { checks: { draining: { ok: false, reason } } }]);
    expect(await worker.exited).toEqual({ code: 0, signal: null });
  }));

test('a worker whose SRS has not come yet is not ready, and says so', () =>
  withCluster({}, async (cluster) => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const worker = cluster.launch('a', 'worker', {
      args: [...ARGS.args, '--prover', 'native', '--srs', 'canonical'],
      env: { ESPALIER_SRS_HOSTS: `http://127.0.0.1:${port}` },
    });
    const prover = { ok: false, reason: 'prover and SRS are being tried' };
    expect(await ready(worker)).toMatchObject([503, { ok: false, checks: { prover, jobs: { ok: false } } }]);
    expect(await probe(worker, '/healthz')).toMatchObject([200, { ok: true }]);
  }));
