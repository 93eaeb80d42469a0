import { join } from 'node:path';
import { z } from 'zod';
import {
  CIRCUIT_NAMES,
  type CircuitName,
  type CompiledCircuit,
  type ProverIdentity,
  type ProverKind,
} from '../../proto/index.js';
import { median } from '../manifest/index.js';
import { machineTag, readCached, writeCached } from './machine-file.js';

/** Times kept of one circuit with one prover and number of threads. */
const TIMES_MAX = 15;
/** Circuits, provers and numbers of threads told apart: the least recently proven ones are forgotten. */
const ENTRIES_MAX = 64;

const entrySchema = z.strictObject({
  circuit: z.enum(CIRCUIT_NAMES),
  /** The program that was proven: a changed circuit has other times. */
  bytecodeHash: z.string(),
  prover: z.enum(['native', 'wasm', 'external']),
  version: z.string(),
  threads: z.int().positive(),
  /** Wall times of the proving alone, the newest last. */
  wallMs: z.array(z.number().positive()).min(1).max(TIMES_MAX),
});
const schema = z.array(entrySchema).max(ENTRIES_MAX);

/** How long a circuit took here. */
export type ProvingTime = z.infer<typeof entrySchema>;

/** One proof that was made on this machine. */
export interface ProvingSample {
  readonly circuit: Pick<CompiledCircuit, 'spec' | 'bytecodeHash'>;
  readonly prover: ProverIdentity;
  readonly threads: number;
  readonly wallMs: number;
}

/** How long proofs took on this machine, over all runs: a small file in the cache, the latest entry first. */
export class ProvingTimes {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(cacheFolder: string) {
    this.#path = join(cacheFolder, 'measures', `times-${machineTag()}.json`);
  }

  read(): Promise<readonly ProvingTime[]> {
    return readCached<ProvingTime[]>(this.#path, schema, []);
  }

  /** Adds a proof in the background, one after another; what a simulated prover made says nothing of the machine. */
  record({ circuit, prover, threads, wallMs }: ProvingSample): void {
    const { kind, version } = prover;
    if (kind === 'simulated' || !(wallMs > 0)) return;
    const { bytecodeHash, spec } = circuit;
    const facts = { circuit: spec.name, bytecodeHash, prover: kind, version, threads };
    this.#writing = this.#writing.then(async () => {
      // Read anew: another run may have written meanwhile.
      await writeCached(this.#path, withSample(await this.read(), facts, wallMs));
    });
  }

  /** Resolves when all that was recorded is written. */
  flush(): Promise<void> {
    return this.#writing;
  }
}

function withSample(
  entries: readonly ProvingTime[],
  facts: Omit<ProvingTime, 'wallMs'>,
  wallMs: number,
): readonly ProvingTime[] {
  const isSame = (entry: ProvingTime): boolean =>
    entry.circuit === facts.circuit &&
    entry.bytecodeHash === facts.bytecodeHash &&
    entry.prover === facts.prover &&
    entry.version === facts.version &&
    entry.threads === facts.threads;
  const times = [...(entries.find(isSame)?.wallMs ?? []), wallMs].slice(-TIMES_MAX);
  const others = entries.filter((entry) => !isSame(entry));
  return [{ ...facts, wallMs: times }, ...others].slice(0, ENTRIES_MAX);
}

/** What to expect of each circuit with a kind of prover: the median of the entry that was proven last. */
export function medianTimes(times: readonly ProvingTime[], prover: ProverKind): ReadonlyMap<CircuitName, number> {
  const expected = new Map<CircuitName, number>();
  for (const entry of times) {
    if (entry.prover === prover && !expected.has(entry.circuit)) expected.set(entry.circuit, median(entry.wallMs) ?? 0);
  }
  return expected;
}
