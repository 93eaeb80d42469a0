import type { BlockEventBody, RunEventBody } from '../../proto/index.js';

/** What those who watch a block hear of an event; undefined: nothing. `lineageSeed`: the block's, once it is planned. */
export function blockEventOf(event: RunEventBody, lineageSeed: string | undefined): BlockEventBody | undefined {
  switch (event.kind) {
    case 'planned': {
      const levels = event.levels.map((level, i) => ({
        ...level,
        done: event.alreadyProvenByLevel[i] ?? 0,
        running: 0,
      }));
      return lineageSeed === undefined ? undefined : { kind: 'planned', levels, lineageSeed };
    }
    case 'job-started':
    case 'job-given-back':
    case 'job-retried':
      return event;
    case 'job-proven': {
      const { kind, jobId, circuit, level, summary } = event;
      const { workerId, attempts, usage } = summary;
      return { kind, jobId, circuit, level, workerId, attempts, wallMs: usage.wallMs };
    }
    case 'proof-corrupt':
      return { kind: 'proof-lost', jobId: event.jobId, message: event.message };
    default:
      return undefined;
  }
}
