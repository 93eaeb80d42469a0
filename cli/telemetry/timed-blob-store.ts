import type { Meter } from '@opentelemetry/api';
import { createHistogram, EspalierError, INSTRUMENTS } from '../../common/index.js';
import type { BlobStore } from '../../store/index.js';

/** A store, each operation of which is timed. Of a listing, the time until its first key counts. */
export class TimedBlobStore implements BlobStore {
  readonly #blobs: BlobStore;
  readonly #duration: ReturnType<typeof createDuration>;

  constructor(blobs: BlobStore, meter: Meter) {
    this.#blobs = blobs;
    this.#duration = createDuration(meter);
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.#time('put', this.#blobs.put(key, bytes));
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#time('get', this.#blobs.get(key));
  }

  has(key: string): Promise<boolean> {
    return this.#time('has', this.#blobs.has(key));
  }

  delete(key: string): Promise<void> {
    return this.#time('delete', this.#blobs.delete(key));
  }

  async *list(prefix: string): AsyncIterable<string> {
    const keys = this.#blobs.list(prefix)[Symbol.asyncIterator]();
    const first = await this.#time('list', keys.next());
    try {
      for (let next = first; !next.done; next = await keys.next()) yield next.value;
    } finally {
      await keys.return?.();
    }
  }

  #time<T>(operation: string, work: Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const note = (error: { readonly 'error.type'?: string }) => {
      this.#duration.record((performance.now() - startedMs) / 1_000, {
        'espalier.store.operation': operation,
        ...error,
      });
    };
    work.then(
      () => note({}),
      (thrown) => note({ 'error.type': EspalierError.from(thrown).code }),
    );
    return work;
  }
}

function createDuration(meter: Meter) {
  return createHistogram(meter, INSTRUMENTS.storeDuration);
}
