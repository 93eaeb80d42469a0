import type {
  BlockWork,
  Forecast,
  JobHistoryRecord,
  LevelProgress,
  ProofSummary,
  WorkerInfo,
} from '../../proto/index.js';
import type { BlockClaim, BlockOwner, BlockProgress, SubmittedBlock } from '../../queue/index.js';

/** A block as it is submitted. */
export function submittedBlock(blockId: string, family = `family of ${blockId}`): SubmittedBlock {
  return { blockId, family, transactions: 3, calls: 4, submittedAtMs: 1_700_000_000_000 };
}

export const idsOf = (blocks: readonly { blockId: string }[]) => blocks.map(({ blockId }) => blockId);

export async function claimOne(owner: BlockOwner): Promise<BlockClaim> {
  const [claim] = await owner.claim(1);
  if (claim === undefined) throw new Error('there was nothing to claim');
  return claim;
}

export const PROVING: BlockProgress = { state: 'proving', checked: true, jobs: 15, done: 6, running: 2 };

export const LEVELS: readonly LevelProgress[] = [
  { name: 'vm', jobs: 8, done: 6, running: 2 },
  { name: 'root', jobs: 1, done: 0, running: 0 },
];

export const FORECAST: Forecast = {
  rootAtMs: 1_700_000_500_000,
  demand: [{ resourceClass: 'vm', queued: 3, running: 2, soon: 1, soonMs: 30_000, slots: 2 }],
  late: {
    cause: 'workers',
    resourceClass: 'vm',
    missingSlots: 3,
    missingWorkers: 2,
    message: 'the class vm is short by 2 workers',
  },
};

export const WORK: BlockWork = {
  ownShare: 0.5,
  groups: [
    {
      circuit: 'public-vm',
      resourceClass: 'vm',
      durationMs: 30_000,
      pathMs: 90_000,
      waiting: 4,
      ready: 3,
      running: 2,
      leftMs: [1_000, 29_000.5],
      roles: [],
    },
    {
      circuit: 'root-rollup',
      resourceClass: 'rollup',
      durationMs: 60_000,
      pathMs: 60_000,
      waiting: 1,
      ready: 0,
      running: 0,
      leftMs: [],
      roles: [[0]],
    },
  ],
};

export const HISTORY: JobHistoryRecord = {
  attempt: 3,
  failures: { 'prover-crashed': 2 },
  voidUpToAttempt: 1,
  lostOn: ['machine'],
  escalatedTo: 'vm',
};

export function proofSummary(jobId: string): ProofSummary {
  return {
    jobId,
    circuit: 'merge-rollup',
    keyHash: 'ab',
    prover: { kind: 'simulated', version: '1', srs: 'none' },
    workerId: 'machine.1',
    startedAtMs: 1,
    finishedAtMs: 2,
    threads: 2,
    usage: { wallMs: 1, cpuMs: null, peakMemoryBytes: null },
    timings: { queuedMs: 0, witnessMs: 1, proveMs: 2, verifyMs: 3, storeMs: 4 },
    attempts: 1,
    signature: null,
  };
}

export function workerInfo(workerId: string, running = 0): WorkerInfo {
  return {
    workerId,
    resources: { cores: 8, memoryBytes: 2 ** 34, gpus: 0 },
    classes: ['vm', 'rollup'],
    profile: 'laptop',
    prover: { kind: 'native', version: '5.0.0', srs: 'development' },
    publicKey: 'ab'.repeat(32),
    startedAtMs: 1_700_000_000_000,
    state: 'working',
    running,
    idle: { rollup: 4 - running },
  };
}
