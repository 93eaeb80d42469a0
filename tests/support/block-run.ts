import type { Engine } from '../../cli/run/engine.js';
import { type ProveOptions, type ProveRequest, type ProveResult, SimulatedProver } from '../../native/index.js';
import { type PreparedBlock, prepareBlock, type RunJournal } from '../../orchestrator/index.js';
import { EmbeddedStore, type ProveBlockOptions, proveBlock } from '../../orchestrator/run/index.js';
import {
  BUILT_IN_PROFILES,
  BYTES_PER_GIB,
  type CircuitName,
  type ProofRecord,
  type RunEventBody,
  resourceClassOf,
  sourceOf,
} from '../../proto/index.js';
import { MemoryJobQueue } from '../../queue/index.js';
import { type BlobStore, MemoryBlobStore, ProofStore } from '../../store/index.js';
import { Worker } from '../../worker/index.js';
import { simulatedBlock, simulatedEngine } from './simulated-block.js';

/** Counts what it proves. */
class CountingProver extends SimulatedProver {
  readonly proven: CircuitName[] = [];
  readonly #mayProve: (circuit: CircuitName) => Promise<boolean>;

  constructor(mayProve: (circuit: CircuitName) => Promise<boolean>) {
    super({ defaultDurationMs: 0 });
    this.#mayProve = mayProve;
  }

  override async prove(request: ProveRequest, options: ProveOptions): Promise<ProveResult> {
    const circuit = request.circuit.spec.name;
    this.proven.push(circuit);
    const result = await super.prove(request, options);
    if (await this.#mayProve(circuit)) return result;
    return { ...result, proof: { ...result.proof, proof: falseProof(result.proof.proof) } };
  }
}

/** As long as a true proof, and none. */
export function falseProof(proof: Uint8Array): Uint8Array {
  return proof.map((byte) => byte ^ 1);
}

export interface BlockRunOptions {
  readonly blobs?: BlobStore;
  readonly journal: Pick<RunJournal, 'entries' | 'note'>;
  readonly keepProofs?: boolean;
  readonly signal?: AbortSignal;
  /** Whether a proof that is made now will verify; a real one over a false child does not. Default: yes. */
  readonly mayProve?: (circuit: CircuitName) => Promise<boolean>;
  /** Jobs that the worker may take ahead; default 1. */
  readonly prefetch?: number;
  /** Hears of an event at once, before anything follows from it. */
  readonly onEvent?: (event: RunEventBody) => void;
}

/** How a run of `proveBlock` with a real worker, queue and store ended. */
export interface BlockRunResult {
  readonly root: ProofRecord | undefined;
  readonly error: unknown;
  readonly events: readonly RunEventBody[];
  /** Circuits of the proofs that were made. */
  readonly proven: readonly CircuitName[];
  /** Jobs that were still in the queue when `proveBlock` had ended. */
  readonly left: number;
}

/** What the worker has: room for one proof of the laptop's profile. */
export const MACHINE = { cores: 2, memoryBytes: 8 * BYTES_PER_GIB, gpus: 0 };
const QUEUE_JOBS_MAX = 1_000;

/** One block on one machine, proven as the command does, in no time. */
export class BlockBench {
  readonly engine: Engine;
  readonly prepared: PreparedBlock;

  private constructor(engine: Engine, prepared: PreparedBlock) {
    this.engine = engine;
    this.prepared = prepared;
  }

  static async create(callCounts: readonly number[]): Promise<BlockBench> {
    const engine = await simulatedEngine();
    return new BlockBench(engine, await prepareBlock(sourceOf(await simulatedBlock(engine, callCounts)), engine, {}));
  }

  async run(options: BlockRunOptions): Promise<BlockRunResult> {
    const {
      blobs = new MemoryBlobStore(),
      journal,
      keepProofs = false,
      signal = new AbortController().signal,
    } = options;
    const { circuits, keys } = this.engine;
    const prover = new CountingProver(options.mayProve ?? (async () => true));
    const proofs = new ProofStore(blobs);
    const profile = BUILT_IN_PROFILES.laptop;
    const queue = new MemoryJobQueue({ jobsMax: QUEUE_JOBS_MAX });
    const store = new EmbeddedStore(this.prepared, proofs, keys, prover.identity);
    const consumer = queue.consumer('w1');
    const wait = async () => {};
    const { prefetch = 1 } = options;
    const worker = new Worker({ consumer, store, circuits, keys, prover, profile, machine: MACHINE, wait, prefetch });
    const events: RunEventBody[] = [];
    const proving: ProveBlockOptions = {
      prepared: this.prepared,
      queue: queue.producer,
      proofs,
      journal,
      circuits,
      keys,
      prover,
      scheduling: { resourceClassOf: (circuit) => resourceClassOf(profile, circuit), keepProofs },
      clock: leapingClock(),
      onEvent: (event) => {
        events.push(event);
        options.onEvent?.(event);
      },
      signal,
    };
    worker.start();
    let root: ProofRecord | undefined;
    let error: unknown;
    try {
      root = await proveBlock(proving);
    } catch (thrown) {
      error = thrown;
    }
    await worker.stop();
    const left = await jobsLeft(queue);
    await queue.close();
    return { root, error, events, proven: prover.proven, left };
  }
}

/** Ten seconds later at every look, so that no backoff has to be waited for. */
function leapingClock() {
  let ms = 0;
  const look = () => {
    ms += 10_000;
    return ms;
  };
  return { nowMs: look, monotonicMs: look };
}

async function jobsLeft(queue: MemoryJobQueue): Promise<number> {
  const consumer = queue.consumer('looker');
  for (let count = 0; ; count += 1) {
    const looked = new AbortController();
    const taken = consumer.take(['vm', 'rollup', 'gpu'], looked.signal);
    looked.abort();
    if ((await taken) === undefined) return count;
  }
}
