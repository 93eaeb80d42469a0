import { setTimeout as pause } from 'node:timers/promises';
import { type JobLease, RESOURCE_CLASSES } from '../../proto/index.js';
import type { JobConsumer } from '../../queue/index.js';
import { type JobTimesMs, jobTimeMs } from './job-times.js';
import { noOpSummary } from './no-op-summary.js';

/** What stands for a proof. `started`: resolves when the queue has been told that it is begun. */
export type Work = (lease: JobLease, started: Promise<void>) => Promise<void>;

/** Takes one job after another and completes each when `work` is done; without any at once. Resolves when the queue closes. */
export async function serveLeases(consumer: JobConsumer, work?: Work): Promise<void> {
  const { signal } = new AbortController();
  for (;;) {
    const lease = await consumer.take(RESOURCE_CLASSES, signal);
    if (lease === undefined) return;
    // What a worker tells of every proof that it makes. Of a job that does nothing both go in one message.
    const started = consumer.started(lease);
    if (work !== undefined) await work(lease, started);
    await Promise.all([started, consumer.complete(lease, noOpSummary(lease))]);
  }
}

/** As a proof that takes so long: a worker does not wait for the word of its start to be heard. */
export function workFor(jobMs: JobTimesMs): Work | undefined {
  return jobMs === 0 ? undefined : ({ job }) => pause(jobTimeMs(jobMs, job));
}
