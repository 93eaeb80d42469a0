import { EspalierError } from '../../../common/index.js';
import { RESOURCE_CLASSES, type ResourceClass } from '../../../proto/index.js';
import type { PoolSpec } from '../../schedule/index.js';

const POD_START_SECONDS_MAX = 3_600;
const SLOTS_MAX = 1_024;
const WORKERS_MAX = 100_000;
const SHOWN_CHARS_MAX = 100;

/**
 * What the trigger of a ScaledObject says of its pool, in the metadata of the trigger:
 *
 * - `class`: `vm`, `rollup` or `gpu`. One ScaledObject for each class: two would each be told the whole demand.
 * - `podStartSeconds`: from asking for a pod until its worker takes jobs, above 0. Default 60.
 * - `slotsPerWorker`: jobs of the class that one pod runs at a time. Default 1.
 * - `maxWorkers`: as `maxReplicaCount` of the ScaledObject. Default 100.
 *
 * Others are KEDA's own. Throws `request-malformed` (INVALID_ARGUMENT), which names the field and what it has.
 */
export function parseScalerMetadata(metadata: Readonly<Record<string, string>>): PoolSpec {
  const number = (field: string, otherwise: number, min: number, max: number, isWhole: boolean) => {
    const text = metadata[field];
    if (text === undefined) return otherwise;
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
    throw unfit(field, text, `${isWhole ? 'a whole number' : 'a number'} from ${min} to ${max}, as in "${otherwise}"`);
  };
  return {
    resourceClass: classOf(metadata['class']),
    podStartMs: number('podStartSeconds', 60, 1, POD_START_SECONDS_MAX, false) * 1_000,
    slotsPerWorker: number('slotsPerWorker', 1, 1, SLOTS_MAX, true),
    workersMax: number('maxWorkers', 100, 1, WORKERS_MAX, true),
  };
}

function classOf(text: string | undefined): ResourceClass {
  const found = RESOURCE_CLASSES.find((name) => name === text);
  if (found === undefined) throw unfit('class', text, `one of ${RESOURCE_CLASSES.join(', ')}`);
  return found;
}

function unfit(field: string, value: string | undefined, allowed: string): EspalierError {
  const given = value === undefined ? 'is missing' : `is ${JSON.stringify(value.slice(0, SHOWN_CHARS_MAX))}`;
  const remedy = `set ${field} in the trigger's metadata to ${allowed}`;
  // KEDA logs the message and reads no details.
  return new EspalierError('request-malformed', `metadata of the ScaledObject: ${field} ${given}: ${remedy}`, {
    remedy,
  });
}
