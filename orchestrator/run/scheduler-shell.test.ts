import { expect, test } from 'vitest';
import { systemClock } from '../../common/index.js';
import type { JobReport } from '../../proto/index.js';
import { MemoryJobQueue } from '../../queue/index.js';
import { MemoryBlobStore, ProofStore } from '../../store/index.js';
import { BlockBench } from '../../tests/support/block-run.js';
import { Bitset } from '../plan/index.js';
import { SchedulerShell } from './scheduler-shell.js';

test('nothing is provided for a job any more when it is closed', async () => {
  const jobs = 40;
  const { prepared } = await BlockBench.create(Array.from({ length: jobs }, () => 1));
  const { tree } = prepared;
  let store: () => void = () => {};
  const stored = new Promise<void>((resolve) => {
    store = resolve;
  });
  let provided = 0;
  const queue = new MemoryJobQueue();
  const shell = new SchedulerShell({
    scheduling: { resourceClassOf: () => 'vm' },
    queue: queue.producer,
    proofs: new ProofStore(new MemoryBlobStore()),
    clock: systemClock,
    host: {
      provide: () => {
        provided += 1;
        return stored;
      },
      accept: () => undefined,
      onEvent: () => {},
      onEnd: () => {},
      onSupplyFault: () => {},
      onCheckFault: () => {},
    },
  });
  shell.add({ prepared, stored: { find: async () => ({}) } }, { finished: new Bitset(tree.size), ageRank: 0 });
  await shell.step();
  const begun = provided;
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(jobs);
  const closed = shell.close();
  store();
  await closed;
  expect(provided).toBe(begun);
  const ids = Array.from({ length: jobs }, (_, job) => tree.jobId(job));
  expect([...(await queue.producer.present(ids))]).toEqual([]);
});

test('a proof of a block that was dropped is told to be a stray', async () => {
  const { prepared, engine } = await BlockBench.create([1]);
  const { tree } = prepared;
  const strays: JobReport[] = [];
  const queue = new MemoryJobQueue();
  const shell = new SchedulerShell({
    scheduling: { resourceClassOf: () => 'vm' },
    queue: queue.producer,
    proofs: new ProofStore(new MemoryBlobStore()),
    clock: systemClock,
    host: {
      provide: async () => {},
      accept: () => undefined,
      onEvent: () => {},
      onEnd: () => {},
      onStray: (report) => strays.push(report),
      onSupplyFault: () => {},
      onCheckFault: () => {},
    },
  });
  queue.producer.onReport((report) => shell.report(report));
  shell.add({ prepared, stored: { find: async () => ({}) } }, { finished: new Bitset(tree.size), ageRank: 0 });
  await shell.step();
  const lease = await queue.consumer('w1').take(['vm'], new AbortController().signal);
  if (lease === undefined) throw new Error('the block has a job');
  shell.drop(prepared.id);
  const usage = { wallMs: 0, cpuMs: null, peakMemoryBytes: null };
  const timings = { queuedMs: 0, witnessMs: 0, proveMs: 0, verifyMs: 0, storeMs: 0 };
  const { circuit, id: jobId } = lease.job;
  const times = { startedAtMs: 0, finishedAtMs: 0, threads: 1, usage, timings };
  const { identity } = engine.prover;
  const made = { jobId, circuit, keyHash: '0x0', prover: identity, workerId: 'w1', attempts: 1, signature: null };
  await queue.consumer('w1').complete(lease, { ...made, ...times });
  expect(strays).toMatchObject([{ kind: 'late', jobId, blockId: prepared.id }]);
  await shell.close();
});
