import { EspalierError } from '../../common/index.js';
import type { Job, JobTrace, QueuedJob } from '../../proto/index.js';

/** BullMQ's largest priority; 0 means none to it. */
const PRIORITY_MAX = 2 ** 21 - 1;

/** A job as it is in Redis: BullMQ's `data`, an object that begins with what makes up the job's content. */
interface JobData extends Job {
  readonly attempt: number;
  readonly order: readonly [number, number];
  readonly trace?: JobTrace;
}

/** The arguments of the script that adds jobs, for one of them. */
export function encodeJob({ job, attempt, order, trace }: QueuedJob): readonly (string | number)[] {
  const { id, blockId, circuit, resourceClass, children } = job;
  if (!order.every(Number.isFinite))
    throw new EspalierError('internal', `job ${id}: its order ${order} is not a number`);
  // `sameContent` in another form: the script compares what jobs begin with, byte by byte.
  const content = `{"circuit":${JSON.stringify(circuit)},"resourceClass":"${resourceClass}","children":${encodeChildren(children)}`;
  const data = `${content},${JSON.stringify({ id, blockId, attempt, order, trace }).slice(1)}`;
  const [age, path] = order;
  const priority = Math.min(PRIORITY_MAX, Math.max(1, Math.round(age) + 1));
  return [resourceClass, id, circuit, data, Buffer.byteLength(content), age, encodeNumber(path), priority];
}

export function decodeJob(data: string): QueuedJob {
  const { attempt, order, trace, id, blockId, circuit, resourceClass, children } = JSON.parse(data) as JobData;
  return { job: { id, blockId, circuit, resourceClass, children }, attempt, order, trace };
}

/** Fields in one order, whatever order the caller's objects have. */
function encodeChildren(children: Job['children']): string {
  return JSON.stringify(children.map(({ param, circuit, proofId }) => ({ param, circuit, proofId })));
}

const bytes = new DataView(new ArrayBuffer(8));

/**
 * A finite number as 20 digits whose alphabetical order is the numbers'. Digits only: Lua compares strings by the locale
 * of the server, and there are locales to which letters do not come one by one.
 */
export function encodeNumber(value: number): string {
  // -0 counts as 0.
  bytes.setFloat64(0, value + 0);
  let high = bytes.getUint32(0);
  let low = bytes.getUint32(4);
  // The bits of positive doubles are in order already, those of negative ones in reverse.
  const flip = high >= 2 ** 31 ? 2 ** 32 - 1 : 0;
  high = (high ^ flip ^ (flip === 0 ? 2 ** 31 : 0)) >>> 0;
  low = (low ^ flip) >>> 0;
  return String(high).padStart(10, '0') + String(low).padStart(10, '0');
}
