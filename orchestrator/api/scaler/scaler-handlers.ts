import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, EspalierError } from '../../../common/index.js';
import type { ResourceClass, wire } from '../../../proto/index.js';
import { DemandModel, type DemandView, type PoolSpec, type Wanted } from '../../schedule/index.js';
import type { ServiceHandlers } from '../calls/index.js';
import { parseScalerMetadata } from './scaler-metadata.js';

export interface ScalerBackend {
  /** What is asked of the fleet now. Rejects where that is not known: KEDA then leaves everything as it is. */
  readonly view: () => Promise<DemandView>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Whoever wants to know what is answered. */
  readonly onWanted?: (resourceClass: ResourceClass, wanted: Wanted) => void;
}

/** KEDA asks for the metric and, right after it, whether there is something to do: both are one answer. */
const FRESH_MS = 1_000;
/** How often is looked whether a stream has news. */
const LOOK_MS = 1_000;
/** Answers that are kept; ScaledObjects are a few. */
const ANSWERS_MAX = 64;

type Metadata = Readonly<Record<string, string>>;

/**
 * `externalscaler.ExternalScaler`, as KEDA calls it (`pkg/scalers/external_scaler.go`). The metric is the number of workers
 * that the class should have, and its target size is 1 a pod. KEDA makes a HorizontalPodAutoscaler of it with a target of
 * kind `AverageValue`, which comes to `ceil(metric / 1)` replicas, so exactly that number, unless it is within a tenth of
 * what there is; it does not multiply by the present replicas. Between none and one KEDA itself goes by `IsActive`: up at
 * its next poll (at once with a trigger of type `external-push`, which listens to `StreamIsActive`), and down when
 * `cooldownPeriod` has passed without anything to do.
 */
export function scalerHandlers({
  view,
  clock,
  onWanted = () => {},
}: ScalerBackend): ServiceHandlers<typeof wire.keda.ExternalScalerService> {
  const model = new DemandModel();
  const answers = new Map<string, { readonly atMs: number; readonly wanted: Promise<Wanted> }>();
  // Board and fleet are read once a second, however many classes are asked about.
  let lastLook: { readonly atMs: number; readonly view: Promise<DemandView> } | undefined;
  const look = (): Promise<DemandView> => {
    const nowMs = clock.monotonicMs();
    if (lastLook !== undefined && nowMs - lastLook.atMs < FRESH_MS) return lastLook.view;
    const own = { atMs: nowMs, view: view() };
    lastLook = own;
    own.view.catch(() => {
      if (lastLook === own) lastLook = undefined;
    });
    return own.view;
  };
  const wantedOf = async (metadata: Metadata): Promise<Wanted> => {
    const spec = parseScalerMetadata(metadata);
    const key = JSON.stringify(spec);
    const known = answers.get(key);
    const nowMs = clock.monotonicMs();
    if (known !== undefined && nowMs - known.atMs < FRESH_MS) return known.wanted;
    const wanted = look().then((now) => model.wanted(spec, now));
    wanted.then(
      (found) => onWanted(spec.resourceClass, found),
      // What could not be found out is asked for again.
      () => answers.delete(key),
    );
    answers.delete(key);
    answers.set(key, { atMs: nowMs, wanted });
    const [oldest] = answers.keys();
    if (answers.size > ANSWERS_MAX && oldest !== undefined) answers.delete(oldest);
    return wanted;
  };
  const isActive = async (metadata: Metadata) => ({ result: (await wantedOf(metadata)).workers > 0 });
  return {
    isActive: ({ scalerMetadata }) => isActive(scalerMetadata),
    async *streamIsActive({ scalerMetadata }, { signal }) {
      let told: boolean | undefined;
      for (;;) {
        const { result } = await isActive(scalerMetadata);
        if (result !== told) yield { result };
        told = result;
        await delay(LOOK_MS, undefined, { signal });
      }
    },
    async getMetricSpec({ scalerMetadata }) {
      const metricName = metricOf(parseScalerMetadata(scalerMetadata));
      return { metricSpecs: [{ metricName, targetSize: 1, targetSizeFloat: 1 }] };
    },
    async getMetrics({ scaledObjectRef, metricName: asked }) {
      const metadata = scaledObjectRef?.scalerMetadata ?? {};
      const metricName = metricOf(parseScalerMetadata(metadata));
      if (asked !== metricName) throw unknownMetric(asked, metricName);
      const { workers } = await wantedOf(metadata);
      return { metricValues: [{ metricName, metricValue: workers, metricValueFloat: workers }] };
    },
  };
}

function metricOf({ resourceClass }: PoolSpec): string {
  return `espalier-workers-${resourceClass}`;
}

function unknownMetric(asked: string, metricName: string): EspalierError {
  return new EspalierError(
    'request-malformed',
    `metricName is ${JSON.stringify(asked.slice(0, 100))}, which is no metric of this ScaledObject: ask for ${metricName}`,
    { remedy: `ask for ${metricName}` },
  );
}
