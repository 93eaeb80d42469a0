/** What every metric of Espalier is called, means and is counted in. `docs/telemetry.md` lists them, and a test holds it to this. */

/** Which processes have it. */
export type Process = 'orchestrator' | 'worker';

export interface InstrumentSpec {
  /** OpenTelemetry's name; Prometheus has underscores for dots, `_seconds` behind times and `_total` behind counters. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM; braces for things that are counted. */
  readonly unit: string;
  readonly description: string;
  /** Keys of `ATTRIBUTES`. Their values are few and known: no id of a block, a job or a worker is among them. */
  readonly attributes: readonly AttributeKey[];
  readonly of: readonly Process[];
  /** Of a histogram: upper bounds of its buckets. */
  readonly boundaries?: readonly number[];
}

/** Attributes of metrics and spans, by their keys, and what they say. */
export const ATTRIBUTES = {
  'espalier.circuit': 'the circuit, as in `espalier circuits`',
  'espalier.class': 'the class of worker: `vm`, `rollup` or `gpu`',
  'espalier.level': 'the level of the proof tree: `public-vm`, `public-kernel`, `base`, `merge` or `root`',
  'espalier.state': 'what the things that are counted do',
  'espalier.check': 'a condition of `/readyz`',
  'espalier.outcome': 'how it ended',
  'espalier.phase': 'a part of an attempt: see the spans below it',
  'error.type': 'the code of the error, as in docs/errors.md; none where there was no error',
  'db.system.name': '`redis`',
  'db.operation.name': 'the command of Redis',
  'espalier.store.operation': '`put`, `get`, `has`, `delete` or `list`',
} as const satisfies Record<string, string>;
export type AttributeKey = keyof typeof ATTRIBUTES;

/** Seconds. A proof is to take 30 s at most. */
const PROOF_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30, 35, 40, 60, 90, 120, 300, 600];
const ANSWER_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A block is to take 8 minutes at most. */
const BLOCK_SECONDS = [10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 900, 1800, 3600];

const ORCHESTRATOR = ['orchestrator'] as const;
const WORKER = ['worker'] as const;
const BOTH = ['orchestrator', 'worker'] as const;

export const INSTRUMENTS = {
  ready: {
    name: 'espalier.ready',
    kind: 'gauge',
    unit: '{check}',
    description:
      'Whether each condition of /readyz is met: 1 or 0. One named draining is there, and 0, when the process takes no more work',
    attributes: ['espalier.check'],
    of: BOTH,
  },
  blocks: {
    name: 'espalier.blocks',
    kind: 'gauge',
    unit: '{block}',
    description: 'Open blocks that this orchestrator owns: waiting, preparing, proving or ending',
    attributes: ['espalier.state'],
    of: ORCHESTRATOR,
  },
  blocksLate: {
    name: 'espalier.blocks.late',
    kind: 'gauge',
    unit: '{block}',
    description: 'Of these, those whose root is expected after its deadline, or never',
    attributes: [],
    of: ORCHESTRATOR,
  },
  blockSlack: {
    name: 'espalier.block.slack.min',
    kind: 'gauge',
    unit: 's',
    description:
      'Time between the predicted root and the deadline, of the block of this orchestrator that has least of it: less than 0 when late, -Inf when no root is to be expected as things are. None while no block has a forecast',
    attributes: [],
    of: ORCHESTRATOR,
  },
  blockTimeToRoot: {
    name: 'espalier.block.time_to_root.max',
    kind: 'gauge',
    unit: 's',
    description: 'Predicted time until the last root of the blocks of this orchestrator. None while none is predicted',
    attributes: [],
    of: ORCHESTRATOR,
  },
  blockDuration: {
    name: 'espalier.block.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From the submission of a block to its end: proven, failed or cancelled',
    attributes: ['espalier.outcome', 'error.type'],
    of: ORCHESTRATOR,
    boundaries: BLOCK_SECONDS,
  },
  blocksEnded: {
    name: 'espalier.blocks.ended',
    kind: 'counter',
    unit: '{block}',
    description: 'Blocks that ended at this orchestrator: proven, failed or cancelled',
    attributes: ['espalier.outcome'],
    of: ORCHESTRATOR,
  },
  boardQueued: {
    name: 'espalier.board.queued',
    kind: 'gauge',
    unit: '{block}',
    description: 'Open blocks of the whole cluster that no orchestrator has. Each orchestrator says the same',
    attributes: [],
    of: ORCHESTRATOR,
  },
  boardQueuedAge: {
    name: 'espalier.board.queued.age.max',
    kind: 'gauge',
    unit: 's',
    description: 'Since the submission of the oldest of these, 0 while there is none. Each orchestrator says the same',
    attributes: [],
    of: ORCHESTRATOR,
  },
  jobs: {
    name: 'espalier.jobs',
    kind: 'gauge',
    unit: '{job}',
    description: 'Jobs of the blocks that this orchestrator proves: waiting, running or proven',
    attributes: ['espalier.level', 'espalier.state'],
    of: ORCHESTRATOR,
  },
  jobsProven: {
    name: 'espalier.jobs.proven',
    kind: 'counter',
    unit: '{job}',
    description: 'Proofs that this orchestrator has accepted',
    attributes: ['espalier.circuit'],
    of: ORCHESTRATOR,
  },
  jobsRetried: {
    name: 'espalier.jobs.retried',
    kind: 'counter',
    unit: '{job}',
    description: 'Attempts that ended with an error and are followed by another, by the kind of error',
    attributes: ['error.type'],
    of: ORCHESTRATOR,
  },
  jobsGivenUp: {
    name: 'espalier.jobs.given_up',
    kind: 'counter',
    unit: '{job}',
    description: 'Jobs that failed for good, and their block with them; `job-quarantined`: one that took workers down',
    attributes: ['error.type'],
    of: ORCHESTRATOR,
  },
  queueJobs: {
    name: 'espalier.queue.jobs',
    kind: 'gauge',
    unit: '{job}',
    description: 'Jobs in the queue of the whole cluster: waiting or leased. Each orchestrator says the same',
    attributes: ['espalier.class', 'espalier.state'],
    of: ORCHESTRATOR,
  },
  fleetWorkers: {
    name: 'espalier.fleet.workers',
    kind: 'gauge',
    unit: '{worker}',
    description:
      'Living workers of the whole cluster that take jobs of a class: working or draining. Each orchestrator says the same',
    attributes: ['espalier.class', 'espalier.state'],
    of: ORCHESTRATOR,
  },
  fleetSlots: {
    name: 'espalier.fleet.slots',
    kind: 'gauge',
    unit: '{slot}',
    description:
      'Proofs of a class that the working workers of the cluster can make at once if they make no others: idle, or busy with whatever takes their place. Each orchestrator says the same',
    attributes: ['espalier.class', 'espalier.state'],
    of: ORCHESTRATOR,
  },
  scalerWorkers: {
    name: 'espalier.scaler.workers',
    kind: 'gauge',
    unit: '{worker}',
    description:
      'What the scaler answered KEDA last: workers of a class that are wanted now, that are busy, and that would be useful if they were there already. None where it has not been asked for a minute',
    attributes: ['espalier.class', 'espalier.state'],
    of: ORCHESTRATOR,
  },
  attemptDuration: {
    name: 'espalier.attempt.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From the lease of a job to its report: proven, failed, given-back or cancelled',
    attributes: ['espalier.circuit', 'espalier.outcome', 'error.type'],
    of: WORKER,
    boundaries: PROOF_SECONDS,
  },
  attemptPhaseDuration: {
    name: 'espalier.attempt.phase.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Parts of the attempts that made a proof',
    attributes: ['espalier.circuit', 'espalier.phase'],
    of: WORKER,
    boundaries: PROOF_SECONDS,
  },
  queueWait: {
    name: 'espalier.queue.wait',
    kind: 'histogram',
    unit: 's',
    description: 'From when a job was added to the queue to its lease',
    attributes: ['espalier.class'],
    of: WORKER,
    boundaries: PROOF_SECONDS,
  },
  provingTime: {
    name: 'espalier.proving.time',
    kind: 'counter',
    unit: 's',
    description: 'Time spent making proofs, of those that were finished',
    attributes: ['espalier.circuit'],
    of: WORKER,
  },
  workerJobs: {
    name: 'espalier.worker.jobs',
    kind: 'gauge',
    unit: '{job}',
    description: 'Jobs that this worker holds',
    attributes: [],
    of: WORKER,
  },
  redisDuration: {
    name: 'db.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From sending a command to Redis to its answer, the waiting for a lost connection included',
    attributes: ['db.system.name', 'db.operation.name'],
    of: BOTH,
    boundaries: ANSWER_SECONDS,
  },
  storeDuration: {
    name: 'espalier.store.operation.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Operations of the proof store',
    attributes: ['espalier.store.operation', 'error.type'],
    of: BOTH,
    boundaries: ANSWER_SECONDS,
  },
  loopDelayMean: {
    name: 'nodejs.eventloop.delay.mean',
    kind: 'gauge',
    unit: 's',
    description: 'Event loop mean delay since the last look',
    attributes: [],
    of: BOTH,
  },
  loopDelayP99: {
    name: 'nodejs.eventloop.delay.p99',
    kind: 'gauge',
    unit: 's',
    description: 'Event loop 99 percentile delay since the last look',
    attributes: [],
    of: BOTH,
  },
  loopDelayMax: {
    name: 'nodejs.eventloop.delay.max',
    kind: 'gauge',
    unit: 's',
    description: 'Event loop maximum delay since the last look',
    attributes: [],
    of: BOTH,
  },
} as const satisfies Record<string, InstrumentSpec>;

/** The name under which Prometheus knows it: of a histogram without `_bucket`, `_count` and `_sum`. */
export function prometheusName({ name, kind, unit }: InstrumentSpec): string {
  const seconds = unit === 's' ? '_seconds' : '';
  return `${name.replaceAll('.', '_')}${seconds}${kind === 'counter' ? '_total' : ''}`;
}
