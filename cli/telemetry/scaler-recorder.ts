import type { Meter } from '@opentelemetry/api';
import { type Clock, createGauge, INSTRUMENTS } from '../../common/index.js';
import type { Wanted } from '../../orchestrator/index.js';
import type { ResourceClass } from '../../proto/index.js';

/** One that asks asks every few seconds; after this it asks another orchestrator. */
const AGE_MAX_MS = 60_000;

/** What the scaler of this orchestrator answers, for operators: how many workers are wanted of each class. */
export class ScalerRecorder {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The last answer about each class. */
  readonly #last = new Map<ResourceClass, { readonly wanted: Wanted; readonly atMs: number }>();

  constructor(meter: Meter, clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    createGauge(meter, INSTRUMENTS.scalerWorkers).addCallback((result) => {
      for (const [name, { wanted, atMs }] of this.#last) {
        if (this.#clock.monotonicMs() - atMs > AGE_MAX_MS) continue;
        const { workers, busy, useful } = wanted;
        for (const [state, count] of Object.entries({ wanted: workers, busy, useful })) {
          result.observe(count, { 'espalier.class': name, 'espalier.state': state });
        }
      }
    });
  }

  /** See `ScalerBackend.onWanted`. */
  onWanted(resourceClass: ResourceClass, wanted: Wanted): void {
    this.#last.set(resourceClass, { wanted, atMs: this.#clock.monotonicMs() });
  }
}
