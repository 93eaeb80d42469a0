import { beforeEach, describe, expect, it } from 'vitest';
import { EspalierError } from '../common/index.js';
import { BUILT_IN_PROFILES, type ChildProof, type JobLease, type ProofRecord, timeouts } from '../proto/index.js';
import { AttemptBench, deferred, settle, untilAborted } from '../tests/support/attempt-bench.js';
import type { GatedProver } from '../tests/support/gated-prover.js';
import { required, type WorkerFixture } from '../tests/support/worker-fixture.js';
import type { AttemptOutcome } from './attempt.js';
import type { ProofTools } from './make-proof.js';

const VM_CHILD = (proofId: string): ChildProof => ({ param: 'vm_proof', circuit: 'public-vm', proofId });

let bench: AttemptBench;
let fixture: WorkerFixture;
let prover: GatedProver;

beforeEach(async () => {
  bench = await AttemptBench.create();
  ({ fixture, prover } = bench);
});

/** All of the machine is free again. */
function expectIdle() {
  expect(bench.slots.size).toBe(0);
}

describe('an attempt that succeeds', () => {
  it('stores the proof with what made it, then reports it', async () => {
    const job = await fixture.addJob();
    const record = await bench.proveOne(job);
    const key = fixture.tools.keys.key('public-vm');
    expect(record).toMatchObject({
      jobId: job.id,
      circuit: 'public-vm',
      keyHash: key.hash,
      prover: prover.identity,
      workerId: 'w1',
      threads: 2,
      attempts: 1,
      usage: { wallMs: 0 },
      publicInputs: [`0x${'0'.repeat(64)}`],
    });
    expect(record.finishedAtMs).toBeGreaterThanOrEqual(record.startedAtMs);
    const report = required(fixture.reports.at(-1));
    const { proof: _proof, publicInputs: _inputs, ...summary } = record;
    expect(report).toEqual({ kind: 'proven', jobId: job.id, workerId: 'w1', summary });
    expectIdle();
  });

  it('reports only when the proof is durable', async () => {
    await fixture.addJob();
    const { promise: durable, resolve: makeDurable } = deferred<void>();
    const { promise: putting, resolve: put } = deferred<void>();
    const store = {
      ...bench.storeOf(),
      putProof: async (record: ProofRecord) => {
        put();
        await durable;
        await fixture.store.putProof(record);
      },
    };
    const { outcome } = await bench.begin({ store });
    (await prover.call(0)).finish();
    await putting;
    expect(bench.kinds()).toEqual(['started']);
    // What is being stored holds no cores.
    expectIdle();
    makeDurable();
    expect(await outcome).toBe('proven');
    expect(bench.kinds()).toEqual(['started', 'proven']);
  });

  it('hands the child proofs to the circuit, with the keys that made them', async () => {
    const child = await bench.proveOne();
    await fixture.addJob('public-kernel-first', [VM_CHILD(child.jobId)]);
    const solved: unknown[] = [];
    const witnesses = {
      solve: async (_circuit: unknown, inputs: unknown) => {
        solved.push(inputs);
        return new Uint8Array([7]);
      },
    };
    const { outcome } = await bench.begin({ witnesses });
    const call = await prover.call(1);
    expect(call.request.witness).toEqual(new Uint8Array([7]));
    call.finish();
    expect(await outcome).toBe('proven');
    const key = fixture.tools.keys.key('public-vm');
    const hex = Buffer.from(child.proof).toString('hex');
    expect(solved).toEqual([
      {
        x: `0x${'1'.padStart(64, '0')}`,
        vm_proof: { vk: key.fields, proof: hex.match(/.{64}/g)?.map((digits) => `0x${digits}`) },
      },
    ]);
  });

  it('takes a valid proof that an attempt before it stored', async () => {
    const job = await fixture.addJob();
    const record = await bench.proveOne(job);
    await fixture.queue.producer.add([{ job, attempt: 2, order: [0, 0] }]);
    const { outcome } = await bench.begin();
    expect(await outcome).toBe('proven');
    expect(prover.calls).toHaveLength(1);
    expect(await fixture.store.getProof(job.id)).toEqual(record);
    expectIdle();
  });

  it('proves again where the stored proof is not what it would make', async () => {
    const job = await fixture.addJob();
    const record = await bench.proveOne(job);
    await fixture.store.putProof({ ...record, proof: new Uint8Array(64) });
    await fixture.queue.producer.add([{ job, attempt: 2, order: [0, 0] }]);
    const again = await bench.proveOne(job);
    expect(again).toMatchObject({ proof: record.proof, attempts: 2 });
  });
});

describe('a proof that is not valid', () => {
  it.each([
    ['does not verify', { proof: new Uint8Array(64) }, /does not verify with key 0x/],
    ['exposes other public inputs', { publicInputs: [`0x${'9'.repeat(64)}`] }, /exposes \[0x9+\] and not \[0x0+\]/],
    ['exposes no public inputs', { publicInputs: [] }, /exposes \[\]/],
    ['is too large', { proof: new Uint8Array(32_800) }, /32800 bytes, more than 32768/],
  ])('is never stored: it %s', async (_name, change, message) => {
    const job = await fixture.addJob();
    const { outcome } = await bench.begin();
    (await prover.call(0)).finish(change);
    expect(await outcome).toBe('failed');
    expect(bench.lastFailure()).toMatchObject({ code: 'proof-invalid', message: expect.stringMatching(message) });
    expect(await fixture.store.hasProof(job.id)).toBe(false);
    expectIdle();
  });
});

describe('an attempt that fails', () => {
  it('reports what the prover said', async () => {
    await fixture.addJob();
    const { outcome } = await bench.begin();
    (await prover.call(0)).fail(new EspalierError('prover-crashed', 'bb exited'));
    expect(await outcome).toBe('failed');
    expect(bench.lastFailure()).toEqual({ code: 'prover-crashed', message: 'bb exited' });
    expectIdle();
  });

  it('ends a prover that takes too long', async () => {
    const job = await fixture.addJob();
    const { outcome } = await bench.begin({ profile: { ...BUILT_IN_PROFILES.laptop, timeoutMs: timeouts(5) } });
    const call = await prover.call(0);
    expect(await outcome).toBe('failed');
    expect(call.signal?.aborted).toBe(true);
    expect(bench.lastFailure()).toMatchObject({
      code: 'prover-timeout',
      message: `proving job ${job.id} took longer than 5 ms`,
    });
    expectIdle();
  });

  it('does not wait for ever for a verification', async () => {
    const job = await fixture.addJob();
    prover.verifyGate = new Promise(() => {});
    const { outcome } = await bench.begin({ profile: { ...BUILT_IN_PROFILES.laptop, timeoutMs: timeouts(5) } });
    (await prover.call(0)).finish();
    expect(await outcome).toBe('failed');
    expect(bench.lastFailure()).toMatchObject({
      code: 'prover-timeout',
      message: expect.stringContaining('verifying'),
    });
    expect(await fixture.store.hasProof(job.id)).toBe(false);
  });

  it('ends a witness that takes too long', async () => {
    await fixture.addJob();
    const witnesses = { solve: (_circuit: unknown, _inputs: unknown, signal?: AbortSignal) => untilAborted(signal) };
    const { outcome } = await bench.begin({
      witnesses,
      profile: { ...BUILT_IN_PROFILES.laptop, timeoutMs: timeouts(5) },
    });
    expect(await outcome).toBe('failed');
    expect(bench.lastFailure()).toMatchObject({ code: 'prover-timeout', message: expect.stringContaining('witness') });
    expectIdle();
  });

  it('names the child whose proof is missing, damaged or made with another key', async () => {
    const record = await bench.proveOne();
    const child = VM_CHILD(record.jobId);
    const damaged = {
      ...bench.storeOf(),
      getProof: async (id: string) => {
        if (id === child.proofId) throw new EspalierError('store-corrupt', 'checksum');
        return undefined;
      },
    };
    const cases = [
      { children: [VM_CHILD('nowhere')], tools: {}, subject: 'nowhere', what: 'is not in the store' },
      { children: [child], tools: { store: damaged }, subject: child.proofId, what: 'is corrupt: checksum' },
      {
        children: [{ ...child, circuit: 'merge-rollup' as const }],
        tools: {},
        subject: child.proofId,
        what: 'was made with key',
      },
    ];
    for (const { children, tools, subject, what } of cases) {
      await fixture.addJob('public-kernel-first', children);
      const { outcome } = await bench.begin(tools);
      expect(await outcome).toBe('failed');
      expect(bench.lastFailure()).toMatchObject({
        code: 'store-corrupt',
        subject,
        message: expect.stringContaining(what),
      });
      expectIdle();
    }
  });

  it('names the job whose inputs are missing or not those of its circuit', async () => {
    const job = await fixture.addJob();
    await fixture.store.deleteInputs(job.id);
    expect(await (await bench.begin()).outcome).toBe('failed');
    expect(bench.lastFailure()).toMatchObject({ code: 'store-corrupt', message: expect.stringContaining(job.id) });
    const other = await fixture.addJob();
    await fixture.store.putInputs(other.id, { x: '0x1', y: '0x2' });
    expect(await (await bench.begin()).outcome).toBe('failed');
    expect(bench.lastFailure()).toMatchObject({ code: 'inputs-malformed' });
    expect(prover.calls).toHaveLength(0);
  });
});

describe('an attempt that is not wanted any more', () => {
  const phases: Record<string, { tools: Partial<ProofTools>; reached: () => Promise<unknown> }> = {
    'making its witness': {
      tools: { witnesses: solver((signal) => untilAborted(signal)) },
      reached: () => solving.promise,
    },
    'waiting for cores': {
      tools: { witnesses: solver(async () => new Uint8Array()) },
      reached: async () => {
        await solving.promise;
        await settle();
      },
    },
    proving: { tools: {}, reached: () => prover.call(0) },
  };
  let solving = deferred<void>();

  function solver(solve: (signal?: AbortSignal) => Promise<Uint8Array>): ProofTools['witnesses'] {
    return {
      solve: (_circuit, _inputs, signal) => {
        solving.resolve();
        return solve(signal);
      },
    };
  }

  async function run(
    phase: string,
    end: (lease: JobLease, ending: AbortController) => Promise<void> | void,
  ): Promise<AttemptOutcome> {
    solving = deferred<void>();
    const { tools, reached } = required(phases[phase]);
    const blocker = phase === 'waiting for cores' ? bench.slots.enter('rollup') : undefined;
    const grant = await blocker?.acquire(new AbortController().signal);
    const ending = new AbortController();
    const { lease, outcome } = await bench.begin(tools, ending.signal);
    await reached();
    await end(lease, ending);
    const ended = await outcome;
    grant?.release();
    expectIdle();
    return ended;
  }

  it.each(Object.keys(phases))('ends at once and says nothing when its job is removed while %s', async (phase) => {
    const job = await fixture.addJob();
    expect(await run(phase, () => fixture.queue.producer.remove([job.id]))).toBe('cancelled');
    expect(bench.kinds()).toEqual(phase === 'proving' ? ['started'] : []);
    expect(await fixture.store.hasProof(job.id)).toBe(false);
  });

  it.each(Object.keys(phases))('gives its job back when the worker stops while %s', async (phase) => {
    const job = await fixture.addJob();
    expect(await run(phase, (_lease, ending) => ending.abort())).toBe('released');
    const again = await fixture.queue.consumer('w2').take(['vm'], new AbortController().signal);
    expect(again).toMatchObject({ job, attempt: 1, workerId: 'w2' });
  });

  it('stores what it has proven when the worker stops', async () => {
    const job = await fixture.addJob();
    const ending = new AbortController();
    const gate = deferred<void>();
    prover.verifyGate = gate.promise;
    const { outcome } = await bench.begin({}, ending.signal);
    (await prover.call(0)).finish();
    await settle();
    expect(prover.verifications).toBe(1);
    ending.abort();
    gate.resolve();
    expect(await outcome).toBe('proven');
    expect(await fixture.store.hasProof(job.id)).toBe(true);
  });

  it('leaves a valid proof behind when its lease is lost while it is stored', async () => {
    const job = await fixture.addJob();
    const store = {
      ...bench.storeOf(),
      putProof: async (record: ProofRecord) => {
        await fixture.store.putProof(record);
        await fixture.queue.producer.remove([job.id]);
      },
    };
    const { outcome } = await bench.begin({ store });
    (await prover.call(0)).finish();
    expect(await outcome).toBe('cancelled');
    expect(bench.kinds()).toEqual(['started']);
    expect(await fixture.store.getProof(job.id)).toMatchObject({ jobId: job.id });
  });
});
