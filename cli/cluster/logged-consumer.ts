import { parseTraceparent, type SerializedError } from '../../common/index.js';
import type { JobLease, ProofSummary, ResourceClass } from '../../proto/index.js';
import type { JobConsumer } from '../../queue/index.js';
import { formatDuration } from '../format.js';
import { shortJobName } from '../progress/progress-view.js';
import type { ProcessLog } from './process-log.js';

/** A worker's side of the queue, which says in the log what becomes of each job. */
export class LoggedConsumer implements JobConsumer {
  readonly #consumer: JobConsumer;
  readonly #log: ProcessLog;

  constructor(consumer: JobConsumer, log: ProcessLog) {
    this.#consumer = consumer;
    this.#log = log;
  }

  take(classes: readonly ResourceClass[], signal: AbortSignal): Promise<JobLease | undefined> {
    return this.#consumer.take(classes, signal);
  }

  async started(lease: JobLease): Promise<void> {
    await this.#consumer.started(lease);
    const attempt = lease.attempt > 1 ? `, attempt ${lease.attempt}` : '';
    this.#log.write('plain', `proving ${shortJobName(lease.job.id)}${attempt}`, {
      kind: 'proof-started',
      ...of(lease),
    });
  }

  async complete(lease: JobLease, summary: ProofSummary): Promise<void> {
    await this.#consumer.complete(lease, summary);
    const { wallMs } = summary.usage;
    this.#log.write('plain', `proved ${shortJobName(lease.job.id)} in ${formatDuration(wallMs)}`, {
      kind: 'proof-made',
      ...of(lease),
      wallMs,
    });
  }

  async fail(lease: JobLease, error: SerializedError): Promise<void> {
    this.#log.write('warning', `could not prove ${shortJobName(lease.job.id)}: [${error.code}] ${error.message}`, {
      kind: 'proof-failed',
      ...of(lease),
      error,
    });
    await this.#consumer.fail(lease, error);
  }

  async release(lease: JobLease): Promise<void> {
    await this.#consumer.release(lease);
    this.#log.write('plain', `gave back ${shortJobName(lease.job.id)}`, { kind: 'job-given-back', ...of(lease) });
  }
}

function of({ job, attempt, workerId, trace }: JobLease) {
  const traceId = parseTraceparent(trace?.parent)?.traceId;
  const ids = { jobId: job.id, blockId: job.blockId, workerId, attempt };
  return traceId === undefined ? ids : { ...ids, traceId };
}
