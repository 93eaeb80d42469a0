import { z } from 'zod';
import { EspalierError } from '../../common/index.js';
import type { JobId } from '../../proto/index.js';
import { readJson } from '../read-json.js';
import { type DurableRecords, decodeText, encodeJson } from './durable-records.js';

/** Jobs of one piece: the last one is written anew with each addition, until it is full. */
const PIECE_JOBS = 500;

export interface JobLogOptions<T> {
  readonly records: DurableRecords;
  /** Pieces are `<prefix><number>`. */
  readonly prefix: string;
  readonly schema: z.ZodType<T>;
  /** Hears of what cannot be read. */
  readonly onTrouble: (message: string) => void;
}

/**
 * What is noted of the jobs of one block, in durable pieces: the latest of each job holds. Nothing but the last piece is
 * kept in memory. One process writes it.
 */
export class JobLog<T> {
  readonly #options: JobLogOptions<T>;
  readonly #pieceSchema: z.ZodType<[JobId, T][]>;
  #tail: (readonly [JobId, T])[] = [];
  /** Of the last piece; undefined until the store was asked what an earlier process left. */
  #number: number | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: JobLogOptions<T>) {
    this.#options = options;
    this.#pieceSchema = pieceSchema(options.schema);
  }

  /** Durable when resolved. */
  append(jobs: readonly (readonly [JobId, T])[]): Promise<void> {
    const write = this.#writing.then(() => this.#append(jobs));
    this.#writing = write.catch(() => {});
    return write;
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async read(): Promise<ReadonlyMap<JobId, T>> {
    const byJob = new Map<JobId, T>();
    for await (const [jobId, value] of this.#entries(this.#pieceSchema)) byJob.set(jobId, value);
    return byJob;
  }

  /** Of which jobs anything is noted; what it is is not looked at. */
  async jobs(): Promise<ReadonlySet<JobId>> {
    const jobs = new Set<JobId>();
    for await (const [jobId] of this.#entries(IDS_SCHEMA)) jobs.add(jobId);
    return jobs;
  }

  async *#entries<V>(schema: z.ZodType<[JobId, V][]>): AsyncGenerator<[JobId, V]> {
    await this.#writing;
    for (const number of await this.#numbers()) yield* await this.#piece(number, schema);
  }

  async #append(jobs: readonly (readonly [JobId, T])[]): Promise<void> {
    const number = this.#number ?? ((await this.#numbers()).at(-1) ?? -1) + 1;
    let [at, tail] = [number, this.#tail];
    for (let from = 0; from < jobs.length; ) {
      if (tail.length >= PIECE_JOBS) [at, tail] = [at + 1, []];
      const some = jobs.slice(from, from + PIECE_JOBS - tail.length);
      from += some.length;
      tail = [...tail, ...some];
      await this.#options.records.put(`${this.#options.prefix}${at}`, encodeJson(tail));
      [this.#number, this.#tail] = [at, tail];
    }
  }

  async #numbers(): Promise<readonly number[]> {
    const { records, prefix } = this.#options;
    const numbers: number[] = [];
    for await (const key of records.list(prefix.slice(0, prefix.lastIndexOf('/') + 1))) {
      if (key.startsWith(prefix)) numbers.push(Number(key.slice(prefix.length)));
    }
    return numbers.filter(Number.isSafeInteger).sort((a, b) => a - b);
  }

  async #piece<V>(number: number, schema: z.ZodType<[JobId, V][]>): Promise<[JobId, V][]> {
    const { records, prefix, onTrouble } = this.#options;
    const key = `${prefix}${number}`;
    const bytes = await records.get(key);
    if (bytes === undefined) return [];
    try {
      return readJson(schema, decodeText(bytes), key);
    } catch (thrown) {
      onTrouble(EspalierError.from(thrown).message);
      return [];
    }
  }
}

function pieceSchema<V>(valueSchema: z.ZodType<V>): z.ZodType<[JobId, V][]> {
  return z.array(z.tuple([z.string().max(200), valueSchema]));
}

const IDS_SCHEMA = pieceSchema(z.unknown());
